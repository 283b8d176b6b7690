/* What the parts of the lab share; netlab.c says how they work together. */
#ifndef NETLAB_H
#define NETLAB_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/types.h>

#define MAX_LINKS 32
#define NEVER INT64_MAX

typedef int64_t ns; /* a time on CLOCK_MONOTONIC, or a span of it */

ns now(void);
__attribute__((format(printf, 1, 2), noreturn)) void die(const char *format, ...);
/* Runs a line in a shell. */
__attribute__((format(printf, 1, 2))) void sh(const char *format, ...);

/* ---- pipe.c: one direction of a link, in virtual time ---- */

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

void grow_pool(int count);
struct packet *take(void);
void put(struct packet *p);
struct packet *pop(struct fifo *f);
void advance(struct pipe *q, ns t);
void enqueue(struct pipe *q, struct packet *p, ns t);
void set_rate(struct pipe *q, double mbps, ns t);
ns wakes(const struct pipe *q);

/* ---- links.c: their settings, and changes of them ---- */

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

extern struct link links[MAX_LINKS];
extern int n_links, mtu;

double number(const char *text, const char *what, char **rest);
size_t queue_size(const char *text, double mbps, double rtt);
void parse_link(char *text);
void sort_timeline(void);
void run_timeline(ns first_syn, ns t);
ns next_change_at(ns first_syn);

/* ---- carry.c: moves packets from device to device ---- */

/* What was carried. */
struct carried {
	ns first_syn, first_data, last_data;
	ns lag_sum, lag_max; /* lateness of deliveries */
	long long delivered, delivered_late;
};

extern struct carried carried;
extern struct pipe access_link; /* shared by all links, if `client_mbps` is not 0 */
extern double client_mbps;

void receive(int link, bool from_mirror);
ns step(ns t);

/* ---- namespaces.c: network namespaces and the devices in them ---- */

extern int home; /* the namespace of the client */

void enter(int namespace);
void open_home(void);
void open_link(int i, const char *cc, const char **sysctls);
long long device_drops(int namespace, const char *name);

/* ---- processes.c: the servers, the command, and their end ---- */

/* What serves the files on every mirror. */
struct server_settings {
	const char *www, *command; /* a directory for nginx, or a command that runs instead of it */
	const char *cert, *key;    /* for HTTPS */
	bool http2;
	const char *nginx; /* more directives for its server block */
};

extern pid_t command;
extern const char *name; /* the mirrors are addresses of it; NULL: of none */

void start_keeper(void);
pid_t start(char *const *argv, int link);
void start_server(int i, const struct server_settings *s);
void await_server(int i);
void write_hosts(void);
double cpu_of(pid_t pid);
double cpu_used(const struct rusage *use);

extern int port;

#endif
