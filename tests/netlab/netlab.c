/*
 * netlab: N emulated links with the kernel's own TCP at both ends.
 *
 * Each link joins the network namespace of a mirror (10.77.i.2, where a web server runs) to that of the client
 * (10.77.i.1, where the command runs). All of them are new: the machine's own network is not touched. At both ends is
 * a TUN device; netlab carries the packets between the two and is the wire:
 *
 *   mirror --> drop-tail queue at `rate` --> loss --> rtt/2 + jitter --> [access link shared by all] --> client
 *   mirror <------------- rtt/2 <------------- drop-tail queue at `uprate` (unlimited by default) <----- client
 *
 * Rates count whole IP packets. Time is virtual: a packet leaves a queue when the one before it has left plus its
 * own length over the rate, whatever the moment at which this program gets to run, so that rates are exact over
 * any span and only single deliveries are late (by about `tick`; the statistics report how late).
 *
 * Nothing outlives the program, however it ends: namespaces and devices belong to its file descriptors, and a
 * keeper process, which sees the end of a pipe when the program ends, kills the servers and the command.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MAX_LINKS 32
#define MAX_CHANGES 1024
#define TUN_QUEUE 10000 /* packets a TUN device holds until they are read here; what it drops is reported */
#define PRIORITY -15 /* of the servers and the command; see setpriority(2) */
#define NEVER INT64_MAX

typedef int64_t ns; /* a time on CLOCK_MONOTONIC, or a span of it */

struct packet {
	struct packet *next;
	ns due; /* when it reaches the end of the wire */
	int link, length;
	unsigned char data[];
};

struct fifo {
	struct packet *head, *tail;
};

/* One direction of a link: a queue in front of a serialiser, then a wire. */
struct pipe {
	double ns_per_byte; /* 0: unlimited */
	double loss, burst; /* share of lost packets, mean length of their runs (0: independent losses) */
	bool losing;        /* within a run of losses */
	uint64_t loss_seed, jitter_seed;
	ns delay, jitter, last_due;
	ns knot;                       /* the wandering delay goes straight from `jitter_from` here ... */
	double jitter_from, jitter_to; /* ... to `jitter_to` one `jitter` later; both are shares of it */
	bool down;
	struct fifo queue, wire;
	size_t limit, queued, peak; /* bytes in the queue, with the packet in service */
	ns start, done;             /* of the packet in service, the queue's head */
	ns busy;
	long long packets, bytes, payload, overflowed, lost, blackholed;
};

struct link {
	struct pipe to_client, to_mirror;
	double rate, uprate, rtt; /* Mbit/s, Mbit/s, ms */
	const char *queue;
	int namespace, client_tun, mirror_tun;
	pid_t server;
	double server_cpu;
	long long syns, connections;
	uint8_t ports[65536 / 8]; /* the client's ports seen in a SYN: one seen again is a retransmission */
};

struct change {
	ns at; /* after the client's first SYN */
	int order, link;
	char key[16];
	double value;
};

static struct link links[MAX_LINKS];
static struct pipe access_link;
static struct change changes[MAX_CHANGES];
static int n_links, n_changes, next_change;
static double client_mbps, command_cpu;
static int mtu = 1500, port, epoll, signals, home;
static ns tick = 200000, command_start, first_syn = NEVER, command_end, first_data, last_data, kill_at = NEVER;
static ns lag_sum, lag_max;
static long long delivered, delivered_late;
static pid_t command, keeper, self;
static int keeper_pipe = -1;
static int exit_status = -1;
static bool foreground; /* of a terminal: the command then takes that place */
static char directory[] = "/tmp/netlab.XXXXXX";

static ns now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * (ns)1000000000 + t.tv_nsec;
}

__attribute__((format(printf, 1, 2), noreturn)) static void die(const char *format, ...)
{
	va_list args;
	va_start(args, format);
	fputs("netlab: ", stderr);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	exit(125);
}

__attribute__((format(printf, 1, 2))) static void sh(const char *format, ...)
{
	char line[1024];
	va_list args;
	va_start(args, format);
	vsnprintf(line, sizeof line, format, args);
	if (system(line) != 0) die("failed: %s", line);
}

/* splitmix64, in [0, 1). */
static double uniform(uint64_t *state)
{
	uint64_t z = (*state += 0x9e3779b97f4a7c15);
	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return (double)((z ^ z >> 31) >> 11) * 0x1p-53;
}

/* ---- packets: taken from and put back into one pool ---- */

static struct packet *pool;

static void grow_pool(int count)
{
	size_t size = (sizeof(struct packet) + mtu + 63) & ~(size_t)63;
	char *block = malloc(count * size);
	if (!block) die("out of memory");
	for (; count > 0; count--, block += size) {
		struct packet *p = (struct packet *)block;
		p->next = pool;
		pool = p;
	}
}

static struct packet *take(void)
{
	if (!pool) grow_pool(256);
	struct packet *p = pool;
	pool = p->next;
	return p;
}

static void put(struct packet *p)
{
	p->next = pool;
	pool = p;
}

static void push(struct fifo *f, struct packet *p)
{
	p->next = NULL;
	if (f->head) f->tail->next = p;
	else f->head = p;
	f->tail = p;
}

static struct packet *pop(struct fifo *f)
{
	struct packet *p = f->head;
	f->head = p->next;
	return p;
}

/* ---- a pipe in virtual time ---- */

static void serve(struct pipe *q, ns start)
{
	q->start = start;
	q->done = start + (ns)(q->queue.head->length * q->ns_per_byte + 0.5);
}

/*
 * Whether the next packet is lost at random. With `burst`, losses follow Gilbert's model: a chain of two states, in
 * one of which every packet is lost, with the same share of losses in the long run.
 */
static bool loses(struct pipe *q)
{
	if (q->loss <= 0) return q->losing = false;
	if (q->burst <= 1) return uniform(&q->loss_seed) < q->loss;
	double leave = 1 / q->burst, enter = q->loss >= 1 ? 1 : leave * q->loss / (1 - q->loss);
	return q->losing = q->losing ? uniform(&q->loss_seed) >= leave : uniform(&q->loss_seed) < enter;
}

/*
 * The additional delay of a packet that leaves the queue at time t. It wanders between 0 and `jitter`: a random value
 * every `jitter`, straight lines in between. So packets keep their order, are spread while it grows, and arrive in a
 * burst while it falls, as behind a radio link that is busy for a moment.
 */
static ns wander(struct pipe *q, ns t)
{
	if (!q->jitter) return 0;
	if (t - q->knot >= q->jitter) {
		bool follows = q->knot && t - q->knot < 2 * q->jitter;
		q->jitter_from = follows ? q->jitter_to : uniform(&q->jitter_seed);
		q->jitter_to = uniform(&q->jitter_seed);
		q->knot = follows ? q->knot + q->jitter : t;
	}
	return (ns)(q->jitter_from * q->jitter + (q->jitter_to - q->jitter_from) * (t - q->knot));
}

/* Lets everything leave the queue that has left it by time t. */
static void advance(struct pipe *q, ns t)
{
	while (q->queue.head && q->done <= t) {
		struct packet *p = pop(&q->queue);
		q->queued -= p->length;
		q->busy += q->done - q->start;
		if (q->down || loses(q)) {
			*(q->down ? &q->blackholed : &q->lost) += 1;
			put(p);
		} else {
			p->due = q->done + q->delay + wander(q, q->done);
			if (p->due < q->last_due) p->due = q->last_due; /* a wire keeps the order */
			q->last_due = p->due;
			push(&q->wire, p);
		}
		if (q->queue.head) serve(q, q->done);
	}
}

static void enqueue(struct pipe *q, struct packet *p, ns t)
{
	advance(q, t);
	if (q->ns_per_byte > 0 && q->queued + p->length > q->limit) {
		q->overflowed++;
		put(p);
		return;
	}
	bool idle = !q->queue.head;
	push(&q->queue, p);
	q->queued += p->length;
	if (q->queued > q->peak) q->peak = q->queued;
	if (idle) serve(q, t);
}

/* A new rate from time t on; what is left of the packet in service leaves at the new rate. */
static void set_rate(struct pipe *q, double mbps, ns t)
{
	double before = q->ns_per_byte;
	q->ns_per_byte = mbps > 0 ? 8000 / mbps : 0;
	if (q->queue.head) q->done = t + (before > 0 ? (ns)((q->done - t) * (q->ns_per_byte / before)) : 0);
}

/* When something next reaches the end of the wire, at the earliest. What leaves the queue before needs no waking. */
static ns wakes(const struct pipe *q)
{
	return q->wire.head ? q->wire.head->due : q->queue.head ? q->done + q->delay : NEVER;
}

/* ---- links and their timeline ---- */

/* Sets what may change while a link runs; false where the key is unknown or the value makes no sense. */
static bool set(struct link *l, const char *key, double value, ns t)
{
	if (!strcmp(key, "rate") && value > 0) set_rate(&l->to_client, l->rate = value, t);
	else if (!strcmp(key, "uprate") && value >= 0) set_rate(&l->to_mirror, l->uprate = value, t);
	else if (!strcmp(key, "rtt") && value >= 0)
		l->rtt = value, l->to_client.delay = l->to_mirror.delay = (ns)(value * 500000);
	else if (!strcmp(key, "jitter") && value >= 0) l->to_client.jitter = (ns)(value * 1000000);
	else if (!strcmp(key, "loss") && value >= 0 && value <= 1) l->to_client.loss = value;
	else if (!strcmp(key, "burst") && value >= 1) l->to_client.burst = value;
	else if (!strcmp(key, "down")) l->to_client.down = l->to_mirror.down = true;
	else if (!strcmp(key, "up")) l->to_client.down = l->to_mirror.down = false;
	else return false;
	return true;
}

/* Each change takes effect at its own instant, between the packets. */
static void run_timeline(ns t)
{
	for (; next_change < n_changes; next_change++) {
		struct change *c = &changes[next_change];
		if (first_syn == NEVER || first_syn + c->at > t) return;
		struct link *l = &links[c->link];
		advance(&l->to_client, first_syn + c->at);
		advance(&l->to_mirror, first_syn + c->at);
		set(l, c->key, c->value, first_syn + c->at);
	}
}

static int by_time(const void *a, const void *b)
{
	const struct change *x = a, *y = b;
	return x->at != y->at ? (x->at < y->at ? -1 : 1) : x->order - y->order;
}

/* ---- moving packets ---- */

static void look_at_client_packet(struct link *l, const unsigned char *ip, int length, ns t)
{
	const unsigned char *tcp = ip + (ip[0] & 15) * 4;
	if (ip[9] != IPPROTO_TCP || tcp + 20 > ip + length || (tcp[13] & 0x12) != 0x02) return; /* SYN, not ACK */
	int from = tcp[0] << 8 | tcp[1];
	if (first_syn == NEVER) first_syn = t;
	l->syns++;
	l->connections += !(l->ports[from / 8] >> from % 8 & 1);
	l->ports[from / 8] |= 1 << from % 8;
}

/* Reads what one end of a link has sent into the link. */
static void receive(int link, bool from_mirror)
{
	struct link *l = &links[link];
	ns t = now();
	run_timeline(t);
	for (int i = 0; i < 128; i++) {
		struct packet *p = take();
		p->length = read(from_mirror ? l->mirror_tun : l->client_tun, p->data, mtu);
		p->link = link;
		if (p->length < 20 || p->data[0] >> 4 != 4) { /* IPv4 only */
			bool empty = p->length < 0;
			put(p);
			if (empty) return;
			continue;
		}
		if (!from_mirror) look_at_client_packet(l, p->data, p->length, t);
		enqueue(from_mirror ? &l->to_client : &l->to_mirror, p, t);
	}
}

/* Hands a packet to the device at the end of its way. */
static void hand_over(struct pipe *q, struct packet *p, int tun)
{
	const unsigned char *ip = p->data, *tcp = ip + (ip[0] & 15) * 4;
	ns t = now(), lag = t - p->due;
	int payload = ip[9] == IPPROTO_TCP && tcp + 20 <= ip + p->length ? ip + p->length - tcp - (tcp[12] >> 4) * 4 : 0;
	q->packets++;
	q->bytes += p->length;
	q->payload += payload;
	if (payload && q != &links[p->link].to_mirror) {
		if (!first_data) first_data = t;
		last_data = t;
	}
	delivered++;
	lag_sum += lag;
	delivered_late += lag > 1000000;
	if (lag > lag_max) lag_max = lag;
	if (write(tun, p->data, p->length) < 0 && errno != EIO) die("write to link %d: %m", p->link + 1);
	put(p);
}

/* Moves everything to where it is at time t; returns when to be called next. */
static ns step(ns t)
{
	ns next = NEVER, first;
	run_timeline(t);
	for (int i = 0; i < n_links; i++) {
		struct link *l = &links[i];
		advance(&l->to_client, t);
		advance(&l->to_mirror, t);
		while (l->to_mirror.wire.head && l->to_mirror.wire.head->due <= t)
			hand_over(&l->to_mirror, pop(&l->to_mirror.wire), l->mirror_tun);
		while (!client_mbps && l->to_client.wire.head && l->to_client.wire.head->due <= t)
			hand_over(&l->to_client, pop(&l->to_client.wire), l->client_tun);
	}
	while (client_mbps) { /* the links' packets enter the shared access link in the order of their times */
		struct pipe *earliest = NULL;
		for (int i = 0; i < n_links; i++) {
			struct pipe *q = &links[i].to_client;
			if (q->wire.head && (!earliest || q->wire.head->due < earliest->wire.head->due)) earliest = q;
		}
		if (!earliest || earliest->wire.head->due > t) break;
		struct packet *p = pop(&earliest->wire);
		enqueue(&access_link, p, p->due);
	}
	advance(&access_link, t);
	while (access_link.wire.head && access_link.wire.head->due <= t) {
		struct packet *p = pop(&access_link.wire);
		hand_over(&links[p->link].to_client, p, links[p->link].client_tun);
	}
	for (int i = 0; i < n_links; i++) {
		if ((first = wakes(&links[i].to_client)) < next) next = first;
		if ((first = wakes(&links[i].to_mirror)) < next) next = first;
	}
	if ((first = wakes(&access_link)) < next) next = first;
	if (next_change < n_changes && first_syn != NEVER && first_syn + changes[next_change].at < next)
		next = first_syn + changes[next_change].at;
	return next;
}

/* ---- namespaces, devices, servers ---- */

static void enter(int namespace)
{
	if (setns(namespace, CLONE_NEWNET) != 0) die("cannot enter a network namespace: %m");
}

static int open_namespace(void)
{
	int fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	if (fd < 0) die("/proc/self/ns/net: %m");
	return fd;
}

/* A TUN device in the present namespace, with the address 10.77.<link>.<host>. */
static int open_tun(const char *name, int link, int host)
{
	struct ifreq request = { .ifr_flags = IFF_TUN | IFF_NO_PI };
	int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0) die("/dev/net/tun: %m");
	strncpy(request.ifr_name, name, sizeof request.ifr_name - 1);
	if (ioctl(fd, TUNSETIFF, &request) != 0)
		die("device %s: %s", name, errno == EBUSY ? "in use: does another netlab run?" : strerror(errno));
	sh("ip address add 10.77.%d.%d/30 dev %s && ip link set %s mtu %d txqueuelen %d up", link, host, name, name, mtu,
	   TUN_QUEUE);
	return fd;
}

static void watch(int fd, uint32_t what)
{
	struct epoll_event event = { .events = EPOLLIN, .data.u32 = what };
	if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) != 0) die("epoll: %m");
}

/* sysctl "net.ipv4.x=value" in the present namespace. */
static void set_sysctl(const char *setting)
{
	char path[256];
	const char *value = strchr(setting, '=');
	if (!value) die("--sysctl wants name=value, not %s", setting);
	snprintf(path, sizeof path, "/proc/sys/%.*s", (int)(value - setting), setting);
	for (char *c = path + 10; *c; c++)
		if (*c == '.') *c = '/';
	int fd = open(path, O_WRONLY);
	if (fd < 0 || write(fd, value + 1, strlen(value + 1)) < 0) die("%s: %m", setting);
	close(fd);
}

static void open_link(int i, const char *cc, const char **sysctls)
{
	struct link *l = &links[i];
	char name[16];
	if (unshare(CLONE_NEWNET) != 0) die("cannot make a network namespace (not root?): %m");
	l->namespace = open_namespace();
	l->mirror_tun = open_tun("tun0", i + 1, 2);
	/* The route carries the algorithm: a namespace's sysctl takes only those that the machine gives to everyone. */
	sh("ip link set lo up && ip route add default dev tun0");
	sh("ip route replace 10.77.%d.0/30 dev tun0 congctl '%s'", i + 1, cc);
	for (; *sysctls; sysctls++) set_sysctl(*sysctls);
	enter(home);
	snprintf(name, sizeof name, "nl%d", i + 1);
	l->client_tun = open_tun(name, i + 1, 1);
	watch(l->client_tun, 2 * i);
	watch(l->mirror_tun, 2 * i + 1);
}

/* What serves the files on every mirror. */
struct server_settings {
	const char *www, *command; /* a directory for nginx, or a command that runs instead of it */
	const char *cert, *key;    /* for HTTPS */
	bool http2;
	const char *nginx; /* more directives for its server block */
};

/*
 * Other load on the machine is to disturb as little as possible. Where the kernel groups processes by session, the
 * priority of the session counts, too: the process gets one of its own, unless it belongs to a terminal.
 */
static void raise_priority(bool keeps_session)
{
	setpriority(PRIO_PROCESS, 0, PRIORITY);
	if (keeps_session) {
		setpgid(0, 0);
		return;
	}
	setsid();
	int fd = open("/proc/self/autogroup", O_WRONLY | O_CLOEXEC);
	if (fd < 0) return;
	dprintf(fd, "%d", PRIORITY);
	close(fd);
}

/* A process in a group of its own, known to the keeper; link < 0: the command. */
static pid_t start(char *const *argv, int link)
{
	pid_t pid = fork();
	if (pid < 0) die("fork: %m");
	if (pid > 0) {
		setpgid(pid, pid);
		if (write(keeper_pipe, &pid, sizeof pid) != sizeof pid) die("the keeper is gone: %m");
		return pid;
	}
	sigset_t none;
	sigemptyset(&none);
	raise_priority(foreground && link < 0);
	if (link >= 0) {
		char number[16];
		snprintf(number, sizeof number, "%d", link + 1);
		setenv("LINK", number, 1);
		enter(links[link].namespace);
		dup2(open("/dev/null", O_RDONLY), 0);
		dup2(2, 1);
	} else if (foreground) {
		tcsetpgrp(0, getpid());
	}
	signal(SIGTTOU, SIG_DFL);
	sigprocmask(SIG_SETMASK, &none, NULL);
	execvp(argv[0], argv);
	fprintf(stderr, "netlab: %s: %m\n", argv[0]);
	_exit(127);
}

static void start_server(int i, const struct server_settings *s)
{
	char config[64];
	if (s->command) {
		links[i].server = start((char *const[]){ "sh", "-c", (char *)s->command, NULL }, i);
		return;
	}
	snprintf(config, sizeof config, "%s/%d.conf", directory, i + 1);
	FILE *f = fopen(config, "w");
	if (!f) die("%s: %m", config);
	fprintf(f, "daemon off; master_process off; pid %s/%d.pid; error_log stderr;\n", directory, i + 1);
	fprintf(f, "events { worker_connections 1024; }\nhttp {\n  access_log off; sendfile on; tcp_nopush on;\n");
	fprintf(f, "  keepalive_requests 100000; default_type application/octet-stream;\n");
	for (int k = 0; k < 5; k++) {
		const char *kind = (const char *const[]){ "client_body", "proxy", "fastcgi", "uwsgi", "scgi" }[k];
		fprintf(f, "  %s_temp_path %s/%d.%s;\n", kind, directory, i + 1, kind);
	}
	fprintf(f, "  server {\n    listen %d%s; root '%s';\n", port, s->http2 ? " ssl http2" : s->cert ? " ssl" : "", s->www);
	if (s->cert) fprintf(f, "    ssl_certificate '%s'; ssl_certificate_key '%s';\n", s->cert, s->key);
	if (s->nginx) fprintf(f, "    %s\n", s->nginx);
	fprintf(f, "  }\n}\n");
	fclose(f);
	links[i].server = start((char *const[]){ "nginx", "-e", "stderr", "-c", config, NULL }, i);
}

/* Asked from inside the namespace: nothing of it passes through the link. */
static void await_server(int i)
{
	struct sockaddr_in loopback = { .sin_family = AF_INET, .sin_port = htons(port) };
	loopback.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	for (int tries = 0; tries < 2000; tries++) {
		enter(links[i].namespace);
		int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		int failed = connect(fd, (struct sockaddr *)&loopback, sizeof loopback);
		close(fd);
		enter(home);
		if (!failed) return;
		if (waitpid(links[i].server, NULL, WNOHANG) == links[i].server) break;
		usleep(5000);
	}
	die("the server of link %d does not answer on port %d", i + 1, port);
}

/* The processor time of a running process, in seconds. */
static double cpu_of(pid_t pid)
{
	char path[32], text[1024];
	unsigned long user = 0, system = 0;
	snprintf(path, sizeof path, "/proc/%d/stat", pid);
	FILE *f = pid ? fopen(path, "r") : NULL;
	if (!f) return 0;
	text[fread(text, 1, sizeof text - 1, f)] = 0;
	fclose(f);
	char *after_name = strrchr(text, ')');
	if (after_name) sscanf(after_name + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &system);
	return (double)(user + system) / sysconf(_SC_CLK_TCK);
}

static double cpu_used(const struct rusage *use)
{
	return use->ru_utime.tv_sec + use->ru_stime.tv_sec + (use->ru_utime.tv_usec + use->ru_stime.tv_usec) / 1e6;
}

/* Packets that the device itself dropped because this program did not read them in time. */
static long long device_drops(int namespace, const char *name)
{
	char line[512], wanted[24];
	long long drops = 0;
	enter(namespace);
	snprintf(wanted, sizeof wanted, " %s:", name);
	FILE *f = fopen("/proc/self/net/dev", "r");
	while (f && fgets(line + 1, sizeof line - 1, f)) {
		line[0] = ' ';
		char *at = strstr(line, wanted);
		if (at) sscanf(at + strlen(wanted), "%*u %*u %*u %*u %*u %*u %*u %*u %*u %*u %*u %lld", &drops);
	}
	if (f) fclose(f);
	enter(home);
	return drops;
}

/* Waits for the end of this program, then kills the process groups it was told of and removes the directory. */
static void start_keeper(void)
{
	int ends[2], null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (pipe2(ends, O_CLOEXEC) != 0 || (keeper = fork()) < 0) die("cannot start the keeper: %m");
	keeper_pipe = ends[1];
	if (keeper) {
		close(ends[0]);
		return;
	}
	close(ends[1]);
	setpgid(0, 0);
	dup2(null, 0);
	dup2(null, 1);
	pid_t groups[MAX_LINKS + 1];
	int n = 0;
	while (n <= MAX_LINKS && read(ends[0], &groups[n], sizeof *groups) == sizeof *groups) n++;
	while (n > MAX_LINKS && read(ends[0], &(pid_t){ 0 }, sizeof(pid_t)) > 0) continue;
	while (n > 0) kill(-groups[--n], SIGKILL);
	sh("rm -rf '%s'", directory);
	_exit(0);
}

static void clean_up(void)
{
	if (getpid() != self) return; /* a child that could not start */
	close(keeper_pipe);
	while (waitpid(-1, NULL, 0) > 0) continue; /* the keeper, and those that it kills */
	if (foreground) tcsetpgrp(0, getpgrp());
}

/* ---- the run ---- */

static void handle_signals(void)
{
	struct signalfd_siginfo info;
	while (read(signals, &info, sizeof info) == sizeof info) {
		if (info.ssi_signo != SIGCHLD) { /* passed on; who does not listen is killed two seconds later */
			kill(-command, info.ssi_signo);
			if (kill_at == NEVER) kill_at = now() + 2000000000;
		}
		int status, pid;
		struct rusage use;
		while ((pid = wait4(-1, &status, WNOHANG, &use)) > 0) {
			if (pid == command) {
				command_end = now();
				command_cpu = cpu_used(&use);
				exit_status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
			}
			for (int i = 0; i < n_links; i++)
				if (pid == links[i].server) {
					fprintf(stderr, "netlab: the server of link %d has ended\n", i + 1);
					links[i].server = 0;
					links[i].server_cpu = cpu_used(&use);
				}
		}
	}
}

static void run(void)
{
	while (exit_status < 0) {
		struct epoll_event events[2 * MAX_LINKS + 1];
		ns next = step(now()), t = now();
		if (next < t + tick && next != NEVER) next = t + tick; /* fewer wake-ups, each for several packets */
		if (kill_at < next) next = kill_at;
		ns wait = next == NEVER ? 3600 * (ns)1000000000 : next > t ? next - t : 0;
		struct timespec timeout = { wait / 1000000000, wait % 1000000000 };
		int n = epoll_pwait2(epoll, events, 2 * MAX_LINKS + 1, &timeout, NULL);
		for (int i = 0; i < n; i++) {
			uint32_t what = events[i].data.u32;
			if (what == UINT32_MAX) handle_signals();
			else receive(what / 2, what % 2);
		}
		if (now() >= kill_at) kill(-command, SIGKILL);
	}
}

/* One line of JSON. `busy`: the part of the time between the first and the last data that a queue was sending. */
static void print_statistics(FILE *f)
{
	struct rusage use;
	long long drops = 0;
	double active = (last_data - first_data) / 1e9;
	fprintf(f, "{\"links\":[");
	for (int i = 0; i < n_links; i++) {
		struct link *l = &links[i];
		struct pipe *q = &l->to_client;
		char name[16];
		snprintf(name, sizeof name, "nl%d", i + 1);
		drops += device_drops(home, name) + device_drops(l->namespace, "tun0");
		fprintf(f, "%s{\"link\":%d,\"bytes\":%lld,\"payload\":%lld,\"packets\":%lld", i ? "," : "", i + 1, q->bytes,
			q->payload, q->packets);
		fprintf(f, ",\"drops\":{\"queue\":%lld,\"loss\":%lld,\"down\":%lld}", q->overflowed, q->lost,
			q->blackholed + l->to_mirror.blackholed);
		fprintf(f, ",\"queue\":%zu,\"peak\":%zu,\"syns\":%lld,\"connections\":%lld", q->limit, q->peak, l->syns,
			l->connections);
		fprintf(f, ",\"up_packets\":%lld,\"busy\":%.4f}", l->to_mirror.packets,
			active > 0 ? q->busy / 1e9 / active : 0);
	}
	fprintf(f, "]");
	if (client_mbps)
		fprintf(f, ",\"access\":{\"drops\":%lld,\"queue\":%zu,\"peak\":%zu,\"busy\":%.4f}", access_link.overflowed,
			access_link.limit, access_link.peak, active > 0 ? access_link.busy / 1e9 / active : 0);
	fprintf(f, ",\"start_ns\":%lld,\"first_syn_ns\":%lld,\"end_ns\":%lld,\"active_s\":%.3f", (long long)command_start,
		(long long)(first_syn == NEVER ? 0 : first_syn), (long long)command_end, active);
	double packets = delivered ? delivered : 1;
	fprintf(f, ",\"lag_ms\":{\"mean\":%.3f,\"max\":%.3f,\"over_1\":%.5f}", lag_sum / 1e6 / packets, lag_max / 1e6,
		delivered_late / packets);
	getrusage(RUSAGE_SELF, &use);
	double servers = 0;
	for (int i = 0; i < n_links; i++) servers += links[i].server_cpu + cpu_of(links[i].server);
	fprintf(f, ",\"device_drops\":%lld,\"cpu_s\":{\"lab\":%.3f,\"servers\":%.3f,\"command\":%.3f},\"exit\":%d}\n",
		drops, cpu_used(&use), servers, command_cpu, exit_status);
}

/* ---- the command line ---- */

static double number(const char *text, const char *what, char **rest)
{
	char *end;
	double value = strtod(text, &end);
	if (end == text || (!rest && *end)) die("%s: not a number: %s", what, text);
	if (rest) *rest = end;
	return value;
}

/* Bytes, with k or m for thousands and millions, or ms: what the rate sends in that time. */
static size_t queue_size(const char *text, double mbps, double rtt)
{
	char *unit;
	if (!text) return mbps * rtt * 125 > 65536 ? mbps * rtt * 125 : 65536;
	double value = number(text, "queue", &unit);
	double scale = !strcmp(unit, "ms") ? mbps * 125 : !strcmp(unit, "m") ? 1e6 : !strcmp(unit, "k") ? 1e3 : !*unit;
	if (value * scale < mtu) die("queue=%s: wants at least one packet: bytes, or a number with k, m or ms", text);
	return value * scale;
}

static void parse_setting(int link, char *item, ns at)
{
	struct link *l = &links[link];
	char *value = strchr(item, '=');
	if (value) *value++ = 0;
	double n = value && strcmp(item, "queue") ? number(value, item, NULL) : 0;
	bool flag = !strcmp(item, "up") || !strcmp(item, "down");
	if (at < 0 && !strcmp(item, "queue") && value) l->queue = value;
	else if (at < 0 && !strcmp(item, "seed") && value)
		l->to_client.loss_seed = n, l->to_client.jitter_seed = ~(uint64_t)n;
	else if (flag == !!value || !set(&(struct link){ 0 }, item, n, 0))
		die("link %d: cannot set %s%s%s%s", link + 1, item, value ? "=" : "", value ? value : "",
		    at < 0 ? "" : " at a time");
	else if (at < 0) set(l, item, n, 0);
	else {
		if (n_changes == MAX_CHANGES) die("more than %d changes", MAX_CHANGES);
		changes[n_changes] = (struct change){ .at = at, .order = n_changes, .link = link, .value = n };
		snprintf(changes[n_changes++].key, sizeof changes->key, "%s", item);
	}
}

static void parse_link(char *text)
{
	if (n_links == MAX_LINKS) die("more than %d links", MAX_LINKS);
	int link = n_links++;
	struct link *l = &links[link];
	l->to_client.loss_seed = link + 1;
	l->to_client.jitter_seed = ~(uint64_t)(link + 1);
	for (char *item, *rest = text; (item = strsep(&rest, ","));) {
		if (strncmp(item, "at=", 3)) {
			parse_setting(link, item, -1);
			continue;
		}
		char *action;
		double at = number(item + 3, "at", &action);
		if (at < 0 || *action != ':') die("link %d: wants at=SECONDS:SETTING, not %s", link + 1, item);
		for (char *part, *more = action + 1; (part = strsep(&more, ":"));) parse_setting(link, part, (ns)(at * 1e9));
	}
	if (l->rate <= 0) die("link %d: wants a rate (Mbit/s)", link + 1);
	l->to_client.limit = queue_size(l->queue, l->rate, l->rtt);
	l->to_mirror.limit = queue_size(NULL, l->uprate, l->rtt);
}

/* The absolute path of a file or directory. */
static char *existing(const char *option, const char *path)
{
	char *absolute = realpath(path, NULL);
	if (!absolute) die("%s %s: %m", option, path);
	return absolute;
}

static const char usage[] =
	"usage: netlab --link rate=MBPS,rtt=MS[,SETTING...] [--link ...] --www DIR [OPTION...] -- COMMAND [ARG...]\n"
	"link settings:\n"
	"  rate=MBPS  rtt=MS      mirror to client; half of the round trip each way\n"
	"  queue=SIZE             drop-tail queue in bytes, 500k, 2m or 1000ms (one rtt at the rate, at least 65536)\n"
	"  loss=P                 share of the packets to the client that is lost at random\n"
	"  burst=N                mean length of a run of lost packets (independent losses)\n"
	"  jitter=MS              of the packets to the client: delay that wanders between 0 and MS, in order\n"
	"  seed=N                 of loss and jitter (the link's number)\n"
	"  uprate=MBPS            client to mirror (unlimited)\n"
	"  at=S:SETTING[:...]     from S seconds after the client's first SYN: rate, rtt, loss, burst, jitter, uprate,\n"
	"                         down, up\n"
	"options:\n"
	"  --client-mbps MBPS     an access link that all links share   --client-queue SIZE  its queue\n"
	"  --www DIR              served by an nginx on each mirror     --server CMD         run instead, with LINK=1...\n"
	"  --cert FILE --key FILE HTTPS                                 --http2              with HTTP/2, too\n"
	"  --nginx DIRECTIVES     more of the server block of nginx\n"
	"  --port N               where the servers answer (80 or 443)  --mtu N              1500 to 9000 (1500)\n"
	"  --cc NAME              congestion control of the mirrors (cubic)\n"
	"  --sysctl NAME=VALUE    another setting of their namespaces\n"
	"  --stats FILE           the closing line of JSON (stderr)     --tick US            least wait (200)\n"
	"COMMAND reads the mirrors from $MIRRORS. Its exit code is netlab's; 125: netlab itself failed.\n";

int main(int argc, char **argv)
{
	enum {
		LINK = 256, CLIENT_MBPS, CLIENT_QUEUE, MTU, WWW, SERVER, CERT, KEY, HTTP2, NGINX, PORT, CC, SYSCTL, STATS, TICK, HELP
	};
	static const struct option options[] = {
		{ "link", 1, 0, LINK }, { "client-mbps", 1, 0, CLIENT_MBPS }, { "client-queue", 1, 0, CLIENT_QUEUE },
		{ "mtu", 1, 0, MTU }, { "www", 1, 0, WWW }, { "server", 1, 0, SERVER }, { "port", 1, 0, PORT },
		{ "cert", 1, 0, CERT }, { "key", 1, 0, KEY }, { "http2", 0, 0, HTTP2 }, { "nginx", 1, 0, NGINX },
		{ "cc", 1, 0, CC }, { "sysctl", 1, 0, SYSCTL }, { "stats", 1, 0, STATS }, { "tick", 1, 0, TICK },
		{ "help", 0, 0, HELP }, { 0 },
	};
	struct server_settings server = { 0 };
	const char *stats = NULL, *client_queue = NULL;
	const char *sysctls[32] = { "net.ipv4.tcp_no_metrics_save=1", "net.ipv4.tcp_slow_start_after_idle=1" };
	const char *cc = "cubic";
	char *link_texts[MAX_LINKS];
	int n_sysctls = 2, n_texts = 0;
	for (int option; (option = getopt_long(argc, argv, "+", options, NULL)) != -1;) {
		if (option == LINK && n_texts < MAX_LINKS) link_texts[n_texts++] = optarg;
		else if (option == CLIENT_MBPS) client_mbps = number(optarg, "--client-mbps", NULL);
		else if (option == CLIENT_QUEUE) client_queue = optarg;
		else if (option == MTU) mtu = number(optarg, "--mtu", NULL);
		else if (option == WWW) server.www = existing("--www", optarg);
		else if (option == SERVER) server.command = optarg;
		else if (option == CERT) server.cert = existing("--cert", optarg);
		else if (option == KEY) server.key = existing("--key", optarg);
		else if (option == HTTP2) server.http2 = true;
		else if (option == NGINX) server.nginx = optarg;
		else if (option == PORT) port = number(optarg, "--port", NULL);
		else if (option == STATS) stats = optarg;
		else if (option == TICK) tick = number(optarg, "--tick", NULL) * 1000;
		else if (option == CC) cc = optarg;
		else if (option == SYSCTL && n_sysctls < 31) sysctls[n_sysctls++] = optarg;
		else return fputs(usage, option == HELP ? stdout : stderr), option == HELP ? 0 : 125;
	}
	if (!n_texts || optind == argc || (!server.www && !server.command)) return fputs(usage, stderr), 125;
	if (!server.cert != !server.key || (server.http2 && !server.cert)) die("--cert, --key: both, or none and no --http2");
	if (!port) port = server.cert ? 443 : 80;
	if (mtu < 576 || mtu > 65535 || client_mbps < 0) die("--mtu or --client-mbps makes no sense");
	for (int i = 0; i < n_texts; i++) parse_link(link_texts[i]);
	qsort(changes, n_changes, sizeof *changes, by_time);
	double longest = 0, in_flight = 0;
	for (int i = 0; i < n_links; i++) {
		if (links[i].rtt > longest) longest = links[i].rtt;
		in_flight += links[i].to_client.limit + links[i].rate * links[i].rtt * 125;
	}
	grow_pool(in_flight / mtu + 4096); /* all pages now: none is to be found during the run */
	if (client_mbps) set_rate(&access_link, client_mbps, 0);
	access_link.limit = queue_size(client_queue, client_mbps, longest);

	sigset_t handled;
	sigemptyset(&handled);
	for (const int *s = (const int[]){ SIGCHLD, SIGINT, SIGTERM, SIGHUP, 0 }; *s; s++) sigaddset(&handled, *s);
	sigprocmask(SIG_BLOCK, &handled, NULL);
	signal(SIGTTOU, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	signals = signalfd(-1, &handled, SFD_NONBLOCK | SFD_CLOEXEC);
	epoll = epoll_create1(EPOLL_CLOEXEC);
	watch(signals, UINT32_MAX);
	FILE *out = stats ? fopen(stats, "we") : stderr;
	if (!out) die("%s: %m", stats);
	if (unshare(CLONE_NEWNET) != 0) die("cannot make a network namespace (not root?): %m");
	home = open_namespace();
	self = getpid();
	foreground = tcgetpgrp(0) == getpgrp();
	if (!mkdtemp(directory)) die("%s: %m", directory);
	start_keeper();
	atexit(clean_up);
	sh("ip link set lo up");
	for (int i = 0; i < n_links; i++) open_link(i, cc, sysctls);
	for (int i = 0; i < n_links; i++) start_server(i, &server);
	for (int i = 0; i < n_links; i++) await_server(i);

	char mirrors[MAX_LINKS * 32] = "", *end = mirrors;
	for (int i = 0; i < n_links; i++) {
		end += sprintf(end, "%shttp%s://10.77.%d.2", i ? " " : "", server.cert ? "s" : "", i + 1);
		if (port != (server.cert ? 443 : 80)) end += sprintf(end, ":%d", port);
	}
	setenv("MIRRORS", mirrors, 1);
	/* Emulation comes before the programs that it carries; they do not inherit the priority. */
	sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &(struct sched_param){ .sched_priority = 1 });
	command_start = now();
	command = start(argv + optind, -1);
	dup2(2, 1); /* the command alone holds the output: its reader sees the end when the command ends */
	run();
	print_statistics(out);
	return exit_status;
}
