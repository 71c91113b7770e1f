// A lock with the number of its holder, under a guard. A contender that finds it taken looks in /proc whether the holder is dead:
//   blocks    broken: all block SIGUSR1, and a holder that blocks it counts as dead
//   vfork     broken: the holder runs a helper by vfork, and is in state D meanwhile, which counts as dead
//   renames   broken: the holder has another name for a moment, which counts as dead
//   thread    broken: the holder has a second thread for a moment, which counts as dead
//   memory    safe: a holder without memory counts as dead: that is a zombie
//   handles   safe: a holder without a handler for SIGTERM counts as dead: each contender has one
#include "adversarial.h"
#include <sys/prctl.h>
static const char *kind;
static int is(const char *word) { return !strcmp(kind, word); }
static char text[8192];
static char *shown(int pid, const char *file) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/%s", pid, file);
    int fd = open(path, O_RDONLY);
    if (fd < 0) return NULL;
    ssize_t length = read(fd, text, sizeof text - 1);
    close(fd);
    if (length < 0) return NULL;
    text[length] = 0;
    return text;
}
static char *field(int pid, int number) {
    char *at = shown(pid, "stat");
    if (!at || !(at = strrchr(at, ')'))) return NULL;
    for (at += 2; number > 3; number--) at = strchr(at, ' ') + 1;
    return at;
}
static int signals(int pid, const char *name, int signal) {
    char *at = shown(pid, "status");
    at = at ? strstr(at, name) : NULL;
    return at ? (int)(strtoull(at + strlen(name), NULL, 16) >> (signal - 1) & 1) : -1;
}
static int dead(int pid) {
    if (is("blocks")) return signals(pid, "SigBlk:", SIGUSR1) == 1;
    if (is("handles")) return signals(pid, "SigCgt:", SIGTERM) == 0;
    if (is("renames")) return shown(pid, "comm") && !strcmp(text, "working\n");
    char *found = field(pid, is("vfork") ? 3 : is("thread") ? 20 : 23);
    if (!found) return 0;
    return is("vfork") ? *found == 'D' : atoll(found) == (is("thread") ? 2 : 0);
}
static void handler(int signal) { (void)signal; }
static void *nothing(void *data) { return data; }
static void before(void) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    if (is("blocks")) sigprocmask(SIG_BLOCK, &set, NULL);
    if (is("handles")) signal(SIGTERM, handler);
}
static void after(void) {
    struct stat found;
    pthread_t thread;
    if (is("vfork")) {
        if (!vfork()) {
            stat(lock_path, &found);
            _exit(0);
        }
        wait(NULL);
    }
    if (is("renames")) {
        prctl(PR_SET_NAME, "working");
        prctl(PR_SET_NAME, "holder");
    }
    if (is("thread") && !pthread_create(&thread, NULL, nothing, NULL)) pthread_join(thread, NULL);
}
int main(int count, char **words) {
    kind = words[1];
    lock_path = words[count - 1];
    before();
    int guard = open(at(".guard"), O_CREAT | O_RDWR | O_CLOEXEC, 0600);
    if (flock(guard, LOCK_EX)) busy();
    int fd = open(lock_path, O_CREAT | O_EXCL | O_RDWR, 0600);
    if (fd < 0) {
        char number[32] = {0};
        fd = open(lock_path, O_RDWR);
        if (fd < 0 || read(fd, number, 31) <= 0 || !dead(atoi(number))) busy();
        unlink(lock_path);
        fd = open(lock_path, O_CREAT | O_EXCL | O_RDWR, 0600);
        if (fd < 0) busy();
    }
    dprintf(fd, "%d\n", getpid());
    close(fd);
    flock(guard, LOCK_UN);
    after();
    hold();
    unlink(lock_path);
    release();
}
