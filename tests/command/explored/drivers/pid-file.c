// `pid-file PROBE LOCK`. Wrong: the lock is a file with the holder's pid, and one whose process is gone is stale. The holder
// leaves its file behind: it frees the lock by exiting. Two that find it stale both remove it, the second one removes the lock
// of the first. So two hold after a third has exited, and with less than three nothing is seen.
// PROBE says how it learns that a process is gone.
#include "driver.h"
#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>

static int is_gone(const char *probe, int pid) {
    char path[64];
    long result = -1;
    errno = EINVAL;
    if (strcmp(probe, "kill") == 0) result = kill(pid, 0);
    if (strcmp(probe, "getpgid") == 0) result = getpgid(pid);
    if (strcmp(probe, "getsid") == 0) result = getsid(pid);
    if (strcmp(probe, "scheduler") == 0) result = sched_getscheduler(pid);
    if (strcmp(probe, "priority") == 0) {
        errno = 0;
        getpriority(PRIO_PROCESS, (id_t)pid);
        result = errno == 0 ? 0 : -1;
    }
    if (strcmp(probe, "limits") == 0) result = prlimit(pid, RLIMIT_CORE, NULL, NULL);
    if (strcmp(probe, "pidfd") == 0) result = syscall(SYS_pidfd_open, pid, 0);
    if (strcmp(probe, "proc") == 0) {
        snprintf(path, sizeof path, "/proc/%d", pid);
        result = access(path, F_OK);
    }
    if (result < 0 && errno == EINVAL) fail(probe);
    return result < 0 && (errno == ESRCH || errno == ENOENT);
}

// Whether the process that the file names is gone. A file without a number is being written: it is not stale.
static int stale(const char *probe, const char *lock) {
    char text[32] = {0};
    int file = open(lock, O_RDONLY);
    if (file < 0) return 0;
    ssize_t got = read(file, text, sizeof text - 1);
    close(file);
    int pid = got > 0 ? atoi(text) : 0;
    return pid > 0 && is_gone(probe, pid);
}

int main(int count, char **words) {
    const char *probe = words[1], *lock = words[count - 1];
    for (int tries = 0; tries < 2; tries++) {
        int file = open(lock, O_CREAT | O_EXCL | O_WRONLY, 0644);
        if (file >= 0) {
            dprintf(file, "%010d\n", getpid()); // Numbers of one length, so that executions differ in nothing else.
            close(file);
            hold();
            say("released\n");
            return 0;
        }
        if (errno != EEXIST) fail("open");
        if (!stale(probe, lock)) busy();
        unlink(lock);
    }
    busy();
}
