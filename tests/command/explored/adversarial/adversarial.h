// What the drivers of this folder share: the words of a driver, and the lock. Each say is one call.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/times.h>
#include <sys/un.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>
#define say(...) ((void)dprintf(1, __VA_ARGS__))
static char *lock_path;
static inline char *at(const char *suffix) {
    char *p = malloc(4096);
    snprintf(p, 4096, "%s%s", lock_path, suffix);
    return p;
}
static inline void busy(void) {
    say("busy\n");
    _exit(0);
}
static inline void fail(const char *c) {
    say("error %s: %s\n", c, strerror(errno));
    _exit(0);
}
static inline void hold(void) {
    char l = 0;
    say("acquired\n");
    while (read(0, &l, 1) == 1 && l != '\n') {
    }
}
static inline void release(void) {
    say("released\n");
    _exit(0);
}
// A step on a watched name that nobody makes: it conflicts with nothing.
static inline void step(void) {
    struct stat s;
    char p[4096];
    snprintf(p, 4096, "%s.step", lock_path);
    stat(p, &s);
}
static inline void begin(int count, char **words) {
    lock_path = words[count - 1];
    setvbuf(stdout, 0, _IONBF, 0);
}
