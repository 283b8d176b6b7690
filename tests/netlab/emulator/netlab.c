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
 * Nothing outlives the program, however it ends, see namespaces.c and processes.c.
 */
#define _GNU_SOURCE
#include "netlab.h"

#include <getopt.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int epoll, signals;
static ns tick = 200000, command_start, command_end, kill_at = NEVER;
static double command_cpu;
static int exit_status = -1;

ns now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * (ns)1000000000 + t.tv_nsec;
}

__attribute__((format(printf, 1, 2), noreturn)) void die(const char *format, ...)
{
	va_list args;
	va_start(args, format);
	fputs("netlab: ", stderr);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	exit(125);
}

__attribute__((format(printf, 1, 2))) void sh(const char *format, ...)
{
	char line[1024];
	va_list args;
	va_start(args, format);
	vsnprintf(line, sizeof line, format, args);
	if (system(line) != 0) die("failed: %s", line);
}

static void watch(int fd, uint32_t what)
{
	struct epoll_event event = { .events = EPOLLIN, .data.u32 = what };
	if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) != 0) die("epoll: %m");
}

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
	double active = (carried.last_data - carried.first_data) / 1e9;
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
		(long long)(carried.first_syn == NEVER ? 0 : carried.first_syn), (long long)command_end, active);
	double packets = carried.delivered ? carried.delivered : 1;
	fprintf(f, ",\"lag_ms\":{\"mean\":%.3f,\"max\":%.3f,\"over_1\":%.5f}", carried.lag_sum / 1e6 / packets, carried.lag_max / 1e6,
		carried.delivered_late / packets);
	getrusage(RUSAGE_SELF, &use);
	double servers = 0;
	for (int i = 0; i < n_links; i++) servers += links[i].server_cpu + cpu_of(links[i].server);
	fprintf(f, ",\"device_drops\":%lld,\"cpu_s\":{\"lab\":%.3f,\"servers\":%.3f,\"command\":%.3f},\"exit\":%d}\n",
		drops, cpu_used(&use), servers, command_cpu, exit_status);
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
	"  --name NAME            of which the mirrors are addresses, in the command's list of hosts\n"
	"  --port N               where the servers answer (80 or 443)  --mtu N              1500 to 9000 (1500)\n"
	"  --cc NAME              congestion control of the mirrors (cubic)\n"
	"  --sysctl NAME=VALUE    another setting of their namespaces\n"
	"  --stats FILE           the closing line of JSON (stderr)     --tick US            least wait (200)\n"
	"  --with-parent          end when the calling process does\n"
	"COMMAND reads the mirrors from $MIRRORS. Its exit code is netlab's; 125: netlab itself failed.\n";

int main(int argc, char **argv)
{
	enum {
		LINK = 256, CLIENT_MBPS, CLIENT_QUEUE, MTU, WWW, SERVER, CERT, KEY, HTTP2, NGINX, NAME, PORT, CC, SYSCTL, STATS, TICK,
		WITH_PARENT, HELP
	};
	static const struct option options[] = {
		{ "link", 1, 0, LINK }, { "client-mbps", 1, 0, CLIENT_MBPS }, { "client-queue", 1, 0, CLIENT_QUEUE },
		{ "mtu", 1, 0, MTU }, { "www", 1, 0, WWW }, { "server", 1, 0, SERVER }, { "name", 1, 0, NAME }, { "port", 1, 0, PORT },
		{ "cert", 1, 0, CERT }, { "key", 1, 0, KEY }, { "http2", 0, 0, HTTP2 }, { "nginx", 1, 0, NGINX },
		{ "cc", 1, 0, CC }, { "sysctl", 1, 0, SYSCTL }, { "stats", 1, 0, STATS }, { "tick", 1, 0, TICK },
		{ "with-parent", 0, 0, WITH_PARENT },
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
		else if (option == NAME) name = optarg;
		else if (option == PORT) port = number(optarg, "--port", NULL);
		else if (option == STATS) stats = optarg;
		else if (option == TICK) tick = number(optarg, "--tick", NULL) * 1000;
		else if (option == WITH_PARENT) prctl(PR_SET_PDEATHSIG, SIGTERM);
		else if (option == CC) cc = optarg;
		else if (option == SYSCTL && n_sysctls < 31) sysctls[n_sysctls++] = optarg;
		else return fputs(usage, option == HELP ? stdout : stderr), option == HELP ? 0 : 125;
	}
	if (!n_texts || optind == argc || (!server.www && !server.command)) return fputs(usage, stderr), 125;
	if (!server.cert != !server.key || (server.http2 && !server.cert)) die("--cert, --key: both, or none and no --http2");
	if (!port) port = server.cert ? 443 : 80;
	if (mtu < 576 || mtu > 65535 || client_mbps < 0) die("--mtu or --client-mbps makes no sense");
	for (int i = 0; i < n_texts; i++) parse_link(link_texts[i]);
	sort_timeline();
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
	open_home();
	start_keeper();
	for (int i = 0; i < n_links; i++) {
		open_link(i, cc, sysctls);
		watch(links[i].client_tun, 2 * i);
		watch(links[i].mirror_tun, 2 * i + 1);
	}
	if (name) write_hosts();
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
