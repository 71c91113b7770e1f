// `channels WAY LOCK`. Each way is a channel beside the watched files by which a process sees a holder; the lock alone decides
// nothing. Those that look before they mark are wrong. The others, whose look and mark are one call, are right.
#include "driver.h"
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

static const char *lock;
static int file = -1;

// A step on a watched name that nobody makes: it conflicts with nothing.
static void step(void) {
    char path[PATH_MAX + 8];
    snprintf(path, sizeof path, "%s.step", lock);
    (void)access(path, F_OK);
}

static const char *beside(const char *suffix) {
    char *path = malloc(PATH_MAX);
    snprintf(path, PATH_MAX, "%s%s", lock, suffix);
    return path;
}

static void keep(void) {
    hold();
    step();
    close(file);
    say("released\n");
    exit(0);
}

// Kernel locks on what has no file: look, unlock, lock again, whatever that returns.
static void probe_lock(int made) {
    file = made;
    if (file < 0) fail("open");
    if (flock(file, LOCK_EX | LOCK_NB) != 0) busy();
    flock(file, LOCK_UN);
    (void)flock(file, LOCK_EX | LOCK_NB);
    keep();
}
static void anonymous(void) { probe_lock(eventfd(0, 0)); }
static void namespace(void) { probe_lock(open("/proc/self/ns/uts", O_RDONLY)); }
static void pidfd(void) { probe_lock((int)syscall(SYS_pidfd_open, getppid(), 0)); }
static void anonymous_once(void) {
    file = eventfd(0, 0);
    if (flock(file, LOCK_EX | LOCK_NB) != 0) busy();
    keep();
}
static void anonymous_wait(void) {
    file = eventfd(0, 0);
    if (flock(file, LOCK_EX) != 0) fail("flock");
    keep();
}

// The first one makes the file, and something that lives for a moment only. One that sees that goes in.
static int names[2];
static int is_first(void) {
    file = open(lock, O_CREAT | O_EXCL | O_RDWR, 0600);
    if (file >= 0) return 1;
    file = open(lock, O_RDONLY);
    if (file < 0 || read(file, names, sizeof names) != sizeof names) busy();
    return 0;
}
static void child(void) {
    if (!is_first()) {
        if (kill(names[0], 0) == 0) keep();
        busy();
    }
    pid_t made = fork();
    if (made == 0) {
        pause();
        _exit(0);
    }
    names[0] = made;
    (void)!write(file, names, sizeof names);
    kill(made, SIGKILL);
    waitpid(made, NULL, 0);
    keep();
}
static int ends[2];
static void *reports(void *ignored) {
    names[1] = (int)syscall(SYS_gettid);
    (void)!write(ends[1], "x", 1);
    return ignored;
}
static void thread(void) {
    pthread_t made;
    char letter;
    if (pipe(ends) != 0) fail("pipe");
    if (!is_first()) {
        if (syscall(SYS_tgkill, names[0], names[1], 0) == 0) keep();
        busy();
    }
    names[0] = getpid();
    pthread_create(&made, NULL, reports, NULL);
    (void)!read(ends[0], &letter, 1);
    (void)!pwrite(file, names, sizeof names, 0);
    pthread_join(made, NULL);
    keep();
}

// The number of the owner is read while it lives, and whether it lives later.
static int take(void) {
    int mine[2] = {getpid(), 0};
    file = open(lock, O_CREAT | O_EXCL | O_WRONLY, 0600);
    if (file < 0) return 0;
    (void)!write(file, mine, sizeof mine);
    return 1;
}
static void owned(int (*lives)(int)) {
    if (!take()) {
        int from = open(lock, O_RDONLY);
        if (from < 0 || read(from, names, sizeof names) != sizeof names) busy();
        if (lives(names[0])) busy();
        unlink(lock);
        if (!take()) busy();
    }
    hold();
    unlink(lock);
    say("released\n");
    exit(0);
}
static int polled(int owner) {
    struct pollfd wait = {.fd = (int)syscall(SYS_pidfd_open, owner, 0), .events = POLLIN};
    return wait.fd < 0 || poll(&wait, 1, 0) != 1;
}
static void pidfd_poll(void) { owned(polled); }
static int listed(int owner) {
    char path[64], text[4096] = {0}, word[32];
    snprintf(path, sizeof path, "/proc/%d/task/%d/children", getppid(), getppid());
    int list = open(path, O_RDONLY);
    if (list < 0 || read(list, text, sizeof text - 1) < 0) fail("children");
    snprintf(word, sizeof word, "%d ", owner);
    return strstr(text, word) != NULL;
}
static void children(void) { owned(listed); }

// Links of /proc show the name of a file now.
static void descriptor_link(void) {
    char link[64], path[PATH_MAX] = {0};
    file = open(lock, O_CREAT | O_EXCL | O_RDWR, 0600);
    if (file >= 0) {
        close(open(beside(".old"), O_CREAT | O_RDWR, 0600));
        renameat2(AT_FDCWD, lock, AT_FDCWD, beside(".old"), RENAME_EXCHANGE);
        keep();
    }
    file = open(lock, O_RDONLY);
    if (file < 0) busy();
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    if (readlink(link, path, sizeof path - 1) < 0) fail("readlink");
    if (strstr(path, ".old")) keep();
    busy();
}
static void directory_link(void) {
    char path[PATH_MAX] = {0};
    if (mkdir(beside(".d"), 0700) == 0) {
        mkdir(beside(".e"), 0700);
        renameat2(AT_FDCWD, beside(".d"), AT_FDCWD, beside(".e"), RENAME_EXCHANGE);
        keep();
    }
    if (chdir(beside(".d")) != 0) busy();
    if (readlink("/proc/self/cwd", path, sizeof path - 1) < 0) fail("readlink");
    if (strstr(path, ".e")) keep();
    busy();
}
// A process group exists as long as its leader.
static void group(void) {
    int all[64], me = getpid(), seen = 0;
    file = open(beside(".pids"), O_CREAT | O_RDWR | O_APPEND, 0600);
    (void)!write(file, &me, sizeof me);
    long count = pread(file, all, sizeof all, 0) / (long)sizeof me;
    pid_t made = fork();
    if (made == 0) {
        pause();
        _exit(0);
    }
    for (long each = 0; each < count; each++)
        if (all[each] != me && setpgid(made, all[each]) == 0) seen = 1;
    kill(made, SIGKILL);
    waitpid(made, NULL, 0);
    if (seen) busy();
    setpgid(0, 0);
    keep();
}

// Limits that a user has for all processes.
static void instances(void) {
    int made[100];
    for (int each = 0; each < 100; each++)
        if ((made[each] = inotify_init1(0)) < 0) busy();
    for (int each = 0; each < 100; each++) close(made[each]);
    for (int each = 0; each < 100; each++) made[each] = inotify_init1(0);
    keep();
}
static void signals(void) {
    struct rlimit one = {1, 1};
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1};
    timer_t timer;
    if (setrlimit(RLIMIT_SIGPENDING, &one) != 0) fail("setrlimit");
    if (timer_create(CLOCK_MONOTONIC, &event, &timer) != 0) busy();
    keep();
}
static void processes(void) {
    struct rlimit few = {8, 8};
    if (setrlimit(RLIMIT_NPROC, &few) != 0) fail("setrlimit");
    keep();
}

// The network, beside addresses.
static int mtu(int set) {
    struct ifreq request = {.ifr_name = "lo", .ifr_mtu = set};
    if (ioctl(file, set ? SIOCSIFMTU : SIOCGIFMTU, &request) != 0) fail("ioctl");
    return request.ifr_mtu;
}
static void interface(void) {
    file = socket(AF_INET, SOCK_DGRAM, 0);
    if (mtu(0) == 1234) busy();
    mtu(1234);
    keep();
}
static int ranged(void) {
    struct sockaddr_in address = {.sin_family = AF_INET};
    uint32_t range = 40111U | 40111U << 16;
    int made = socket(AF_INET, SOCK_STREAM, 0);
    if (setsockopt(made, IPPROTO_IP, 51, &range, sizeof range) != 0) fail("setsockopt");
    if (bind(made, (void *)&address, sizeof address) == 0) return made;
    close(made);
    return -1;
}
static void ports(void) {
    if ((file = ranged()) < 0) busy();
    close(file);
    file = ranged();
    keep();
}
static void packets(void) {
    char text[4096] = {0};
    int list = open("/proc/net/dev", O_RDONLY);
    (void)!read(list, text, sizeof text - 1);
    if (strstr(text, " 1 ")) busy();
    keep();
}
static void netlink(void) {
    struct { uint32_t length; uint16_t type, flags; uint32_t number, port; } request = {.length = 16, .type = 20, .flags = 1};
    file = socket(AF_NETLINK, SOCK_RAW, 0);
    (void)!send(file, &request, sizeof request, 0);
    keep();
}

static void terminal(void) {
    if (access("/dev/pts/0", F_OK) == 0) busy();
    file = open("/dev/ptmx", O_RDWR | O_NOCTTY);
    if (file < 0) fail("ptmx");
    keep();
}

// The only descriptor of the lock is in a message to itself. With `early` that is dropped before the lock is held.
static void in_flight(int early) {
    int pair[2];
    char letter = 'x', control[CMSG_SPACE(sizeof(int))] = {0};
    struct iovec part = {&letter, 1};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    file = open(lock, O_CREAT | O_RDWR, 0600);
    if (flock(file, LOCK_EX | LOCK_NB) != 0) busy();
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0) fail("socketpair");
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof file);
    memcpy(CMSG_DATA(header), &file, sizeof file);
    if (sendmsg(pair[0], &message, 0) != 1) fail("sendmsg");
    close(file);
    if (early) close(pair[0]), close(pair[1]);
    hold();
    say("released\n");
    exit(0);
}
static void flying(void) { in_flight(0); }
static void landed(void) { in_flight(1); }

#ifdef __x86_64__
// mkdir by a call of 32 bits.
static void narrow(void) {
    char *low = mmap((void *)0x10000000, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    int result;
    strcpy(low, lock);
    __asm__ volatile("int $0x80" : "=a"(result) : "a"(39), "b"(low), "c"(0700) : "memory");
    if (result != 0) busy();
    keep();
}
#else
static void narrow(void) { keep(); }
#endif

static const struct {
    const char *name;
    void (*run)(void);
} ways[] = {
    {"anonymous", anonymous}, {"namespace", namespace}, {"pidfd", pidfd},
    {"anonymous-once", anonymous_once}, {"anonymous-wait", anonymous_wait}, {"child", child},
    {"thread", thread}, {"pidfd-poll", pidfd_poll}, {"children", children},
    {"descriptor-link", descriptor_link}, {"directory-link", directory_link},
    {"group", group}, {"instances", instances}, {"signals", signals},
    {"processes", processes}, {"interface", interface}, {"ports", ports},
    {"packets", packets}, {"netlink", netlink}, {"terminal", terminal},
    {"in-flight", flying}, {"landed", landed}, {"narrow", narrow},
};

int main(int count, char **words) {
    lock = words[count - 1];
    for (unsigned each = 0; each < sizeof ways / sizeof *ways; each++) {
        if (strcmp(ways[each].name, words[1]) != 0) continue;
        step();
        ways[each].run();
    }
    say("error there is no way %s\n", words[1]);
}
