/*
 * Network namespaces, one for the client and one for each mirror, and the TUN devices in them. They belong to file
 * descriptors of this program, and end with it.
 */
#define _GNU_SOURCE
#include "netlab.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define TUN_QUEUE 10000 /* packets a TUN device holds until they are read here; what it drops is reported */

int home;

void enter(int namespace)
{
	if (setns(namespace, CLONE_NEWNET) != 0) die("cannot enter a network namespace: %m");
}

static int open_namespace(void)
{
	int fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	if (fd < 0) die("/proc/self/ns/net: %m");
	return fd;
}

/* Makes the namespace of the client, and enters it. */
void open_home(void)
{
	if (unshare(CLONE_NEWNET) != 0) die("cannot make a network namespace (not root?): %m");
	home = open_namespace();
	sh("ip link set lo up");
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

void open_link(int i, const char *cc, const char **sysctls)
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
}

/* Packets that the device itself dropped because this program did not read them in time. */
long long device_drops(int namespace, const char *name)
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
