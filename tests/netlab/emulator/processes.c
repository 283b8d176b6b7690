/*
 * The servers and the command. Each has a process group of its own, which a keeper process knows: it sees the end of a
 * pipe when this program ends, however it ends, and kills them.
 */
#define _GNU_SOURCE
#include "netlab.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define PRIORITY -15 /* of the servers and the command; see setpriority(2) */

pid_t command;
const char *name;
int port;
static pid_t keeper, self;
static int keeper_pipe = -1;
static bool foreground; /* of a terminal: the command then takes that place */
static char directory[] = "/tmp/netlab.XXXXXX", hosts[sizeof directory + 8];

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

/* The list of hosts that the command finds: the name with the addresses of all mirrors. */
void write_hosts(void)
{
	snprintf(hosts, sizeof hosts, "%s/hosts", directory);
	FILE *f = fopen(hosts, "w");
	if (!f) die("%s: %m", hosts);
	fprintf(f, "127.0.0.1 localhost\n");
	for (int i = 0; i < n_links; i++) fprintf(f, "10.77.%d.2 %s\n", i + 1, name);
	fclose(f);
}

/* Puts the list in place of the machine's, for this process and its children only. */
static void mount_hosts(void)
{
	if (unshare(CLONE_NEWNS) != 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
	    mount(hosts, "/etc/hosts", NULL, MS_BIND, NULL) != 0)
		fprintf(stderr, "netlab: /etc/hosts: %m\n"), _exit(125);
}

/* A process in a group of its own, known to the keeper; link < 0: the command. */
pid_t start(char *const *argv, int link)
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
	} else {
		if (foreground) tcsetpgrp(0, getpid());
		if (name) mount_hosts();
	}
	signal(SIGTTOU, SIG_DFL);
	sigprocmask(SIG_SETMASK, &none, NULL);
	execvp(argv[0], argv);
	fprintf(stderr, "netlab: %s: %m\n", argv[0]);
	_exit(127);
}

void start_server(int i, const struct server_settings *s)
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
void await_server(int i)
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
double cpu_of(pid_t pid)
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

double cpu_used(const struct rusage *use)
{
	return use->ru_utime.tv_sec + use->ru_stime.tv_sec + (use->ru_utime.tv_usec + use->ru_stime.tv_usec) / 1e6;
}

static void clean_up(void)
{
	if (getpid() != self) return; /* a child that could not start */
	close(keeper_pipe);
	while (waitpid(-1, NULL, 0) > 0) continue; /* the keeper, and those that it kills */
	if (foreground) tcsetpgrp(0, getpgrp());
}

/* Waits for the end of this program, then kills the process groups it was told of and removes the directory. */
void start_keeper(void)
{
	int ends[2], null = open("/dev/null", O_RDWR | O_CLOEXEC);
	self = getpid();
	foreground = tcgetpgrp(0) == getpgrp();
	if (!mkdtemp(directory)) die("%s: %m", directory);
	if (pipe2(ends, O_CLOEXEC) != 0 || (keeper = fork()) < 0) die("cannot start the keeper: %m");
	keeper_pipe = ends[1];
	if (keeper) {
		close(ends[0]);
		atexit(clean_up);
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
