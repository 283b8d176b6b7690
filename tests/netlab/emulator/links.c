/* The links: their settings, the text that they are given in, and the timeline of their changes. */
#include "netlab.h"

#include <stdlib.h>
#include <string.h>

#define MAX_CHANGES 1024

struct change {
	ns at; /* after the client's first SYN */
	int order, link;
	char key[16];
	double value;
};

struct link links[MAX_LINKS];
int n_links, mtu = 1500;
static struct change changes[MAX_CHANGES];
static int n_changes, next_change;

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
void run_timeline(ns first_syn, ns t)
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

/* Puts the changes of all links in order of time. */
void sort_timeline(void)
{
	qsort(changes, n_changes, sizeof *changes, by_time);
}

/* When the next change of a link is due. */
ns next_change_at(ns first_syn)
{
	return next_change < n_changes && first_syn != NEVER ? first_syn + changes[next_change].at : NEVER;
}

double number(const char *text, const char *what, char **rest)
{
	char *end;
	double value = strtod(text, &end);
	if (end == text || (!rest && *end)) die("%s: not a number: %s", what, text);
	if (rest) *rest = end;
	return value;
}

/* Bytes, with k or m for thousands and millions, or ms: what the rate sends in that time. */
size_t queue_size(const char *text, double mbps, double rtt)
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

void parse_link(char *text)
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
