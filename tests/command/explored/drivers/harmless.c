// `harmless WHAT LOCK`. Right: a kernel lock on a file that nobody removes. WHAT names something that it does besides, which
// changes nothing for other contenders, although calls of that kind often do.
#include "driver.h"
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/wait.h>

static const char *lock;
static int file = -1;

static void nothing(void) {}

static void touch(void) {
    if (futimens(file, NULL) != 0) fail("futimens");
}

static void empty(void) { close(open(lock, O_WRONLY | O_TRUNC)); }

static void mode(void) {
    if (fchmod(file, 0644) != 0) fail("fchmod");
}

static void owner(void) {
    if (fchown(file, geteuid(), (gid_t)-1) != 0) fail("fchown");
}

static void log_line(void) {
    char path[PATH_MAX + 8];
    snprintf(path, sizeof path, "%s.log", lock);
    int log = open(path, O_CREAT | O_WRONLY | O_APPEND, 0644);
    (void)!write(log, "a try\n", 6);
    close(log);
}

static void twice(void) {
    flock(file, LOCK_UN);
    flock(file, LOCK_UN);
}

// A child closes its copy of the descriptor.
static void copy(void) {
    pid_t child = fork();
    if (child == 0) {
        close(file);
        _exit(0);
    }
    waitpid(child, NULL, 0);
}

static void duplicate(void) { close(dup(file)); }

static void unnamed(void) {
    char folder[PATH_MAX];
    snprintf(folder, sizeof folder, "%s", lock);
    *strrchr(folder, '/') = 0;
    int made = open(folder, O_TMPFILE | O_RDWR, 0600);
    if (made < 0) fail("O_TMPFILE");
    (void)!write(made, "x", 1);
    close(made);
}

// A port that the kernel chooses, and whose number nobody learns.
static void port(void) {
    struct sockaddr_in address = {.sin_family = AF_INET};
    int made = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(made, (void *)&address, sizeof address) != 0) fail("bind");
    close(made);
}

static void pair(void) {
    int ends[2];
    char byte;
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0) fail("socketpair");
    if (send(ends[0], "x", 1, 0) != 1 || recv(ends[1], &byte, 1, 0) != 1) fail("send");
    close(ends[0]);
    close(ends[1]);
}

// A child that a tracer would not see: it must not come to be.
static void untraced(void) {
    pid_t child = (pid_t)syscall(SYS_clone, CLONE_UNTRACED | SIGCHLD, 0, 0, 0, 0);
    if (child == 0) _exit(0);
    if (child > 0) fail("a child is not seen");
}

static void disk(void) {
    sync();
    fsync(file);
}

static void hidden(void) { prctl(PR_SET_DUMPABLE, 0); }

static void machine(void) {
    struct sysinfo now;
    if (sysinfo(&now) != 0) fail("sysinfo");
    if (now.procs != 1) fail("another process is seen");
}

// A number that no process has, and children of its own.
static void processes(void) {
    pid_t child = fork();
    if (child == 0) {
        pause();
        _exit(0);
    }
    if (kill(9, 0) == 0 || access("/proc/9", F_OK) == 0) fail("nobody");
    struct pollfd wait = {.fd = (int)syscall(SYS_pidfd_open, child, 0), .events = POLLIN};
    if (setpgid(child, child) != 0 || kill(child, 0) != 0) fail("child");
    if (wait.fd < 0 || poll(&wait, 1, 0) != 0) fail("poll");
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    close(wait.fd);
}

// What no contender changes, or shares.
static void interfaces(void) {
    struct ifreq request = {.ifr_name = "lo"};
    struct {
        struct nlmsghdr header;
        struct rtgenmsg family;
    } question = {.header = {.nlmsg_len = sizeof question, .nlmsg_type = RTM_GETADDR, .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP}};
    char answer[8192];
    struct rlimit limit;
    int made = socket(AF_INET, SOCK_DGRAM, 0), asks = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE), watches = inotify_init1(0);
    if (made < 0 || ioctl(made, SIOCGIFMTU, &request) != 0) fail("ioctl");
    if (send(asks, &question, sizeof question, 0) < 0 || recv(asks, answer, sizeof answer, 0) < 0) fail("netlink");
    if (watches < 0 || getrlimit(RLIMIT_NOFILE, &limit) != 0 || setrlimit(RLIMIT_NOFILE, &limit) != 0) fail("setrlimit");
    close(made);
    close(asks);
    close(watches);
}

static void links(void) {
    char path[PATH_MAX];
    if (readlink("/proc/self/exe", path, sizeof path) < 0 || readlink("/proc/self/cwd", path, sizeof path) < 0) fail("readlink");
    if (readlink("/proc/self/fd/0", path, sizeof path) < 0) fail("readlink");
}

static const struct {
    const char *what;
    void (*before)(void), (*inside)(void), (*after)(void);
} ways[] = {
    {"touch", touch, nothing, nothing},     {"empty", empty, nothing, nothing},
    {"mode", mode, nothing, nothing},       {"owner", owner, nothing, nothing},
    {"log", log_line, nothing, nothing},    {"twice", nothing, nothing, twice},
    {"copy", nothing, copy, nothing},       {"duplicate", nothing, duplicate, nothing},
    {"unnamed", unnamed, nothing, nothing}, {"port", port, nothing, nothing},
    {"pair", pair, pair, nothing},          {"untraced", untraced, nothing, nothing},
    {"disk", nothing, disk, nothing},       {"hidden", hidden, nothing, nothing},
    {"machine", machine, machine, nothing}, {"processes", nothing, processes, nothing},
    {"interfaces", interfaces, interfaces, nothing}, {"links", links, links, nothing},
};

int main(int count, char **words) {
    lock = words[count - 1];
    for (unsigned each = 0; each < sizeof ways / sizeof *ways; each++) {
        if (strcmp(ways[each].what, words[1]) != 0) continue;
        file = open(lock, O_CREAT | O_RDWR, 0644);
        if (file < 0) fail("open");
        ways[each].before();
        if (flock(file, LOCK_EX | LOCK_NB) != 0) busy();
        ways[each].inside();
        hold();
        ways[each].after();
        close(file);
        say("released\n");
        return 0;
    }
    say("error there is nothing like %s\n", words[1]);
}
