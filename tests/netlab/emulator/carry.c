/* Moves packets: from a device into its pipe, and from the end of the wire to the device there. */
#include "netlab.h"

#include <errno.h>
#include <netinet/in.h>
#include <unistd.h>

struct carried carried = { .first_syn = NEVER };
struct pipe access_link;
double client_mbps;

static void look_at_client_packet(struct link *l, const unsigned char *ip, int length, ns t)
{
	const unsigned char *tcp = ip + (ip[0] & 15) * 4;
	if (ip[9] != IPPROTO_TCP || tcp + 20 > ip + length || (tcp[13] & 0x12) != 0x02) return; /* SYN, not ACK */
	int from = tcp[0] << 8 | tcp[1];
	if (carried.first_syn == NEVER) carried.first_syn = t;
	l->syns++;
	l->connections += !(l->ports[from / 8] >> from % 8 & 1);
	l->ports[from / 8] |= 1 << from % 8;
}

/* Reads what one end of a link has sent into the link. */
void receive(int link, bool from_mirror)
{
	struct link *l = &links[link];
	ns t = now();
	run_timeline(carried.first_syn, t);
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
		if (!carried.first_data) carried.first_data = t;
		carried.last_data = t;
	}
	carried.delivered++;
	carried.lag_sum += lag;
	carried.delivered_late += lag > 1000000;
	if (lag > carried.lag_max) carried.lag_max = lag;
	if (write(tun, p->data, p->length) < 0 && errno != EIO) die("write to link %d: %m", p->link + 1);
	put(p);
}

/* Moves everything to where it is at time t; returns when to be called next. */
ns step(ns t)
{
	ns next = NEVER, first;
	run_timeline(carried.first_syn, t);
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
	if ((first = next_change_at(carried.first_syn)) < next) next = first;
	return next;
}
