/*
 * A pipe: a drop-tail queue in front of a serialiser, then a wire. Time is virtual, see netlab.c. Packets are taken from
 * one pool and put back into it.
 */
#include "netlab.h"

#include <stdlib.h>

/* splitmix64, in [0, 1). */
static double uniform(uint64_t *state)
{
	uint64_t z = (*state += 0x9e3779b97f4a7c15);
	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return (double)((z ^ z >> 31) >> 11) * 0x1p-53;
}

static struct packet *pool;

void grow_pool(int count)
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

struct packet *take(void)
{
	if (!pool) grow_pool(256);
	struct packet *p = pool;
	pool = p->next;
	return p;
}

void put(struct packet *p)
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

struct packet *pop(struct fifo *f)
{
	struct packet *p = f->head;
	f->head = p->next;
	return p;
}

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
void advance(struct pipe *q, ns t)
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

void enqueue(struct pipe *q, struct packet *p, ns t)
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
void set_rate(struct pipe *q, double mbps, ns t)
{
	double before = q->ns_per_byte;
	q->ns_per_byte = mbps > 0 ? 8000 / mbps : 0;
	if (q->queue.head) q->done = t + (before > 0 ? (ns)((q->done - t) * (q->ns_per_byte / before)) : 0);
}

/* When something next reaches the end of the wire, at the earliest. What leaves the queue before needs no waking. */
ns wakes(const struct pipe *q)
{
	return q->wire.head ? q->wire.head->due : q->queue.head ? q->done + q->delay : NEVER;
}
