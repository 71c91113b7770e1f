// A right lock that leaves something behind. leaves WHAT LOCK
#define _GNU_SOURCE
#include "driver.h"
#include <sched.h>
#include <sys/syscall.h>

// A child that no tracer follows, and that waits for ever.
static void untraced(void) {
    if (syscall(SYS_clone, CLONE_UNTRACED | SIGCHLD, 0, 0, 0, 0) == 0) {
        for (;;) {
            syscall(SYS_pause);
        }
    }
}

// A child in a session of its own, whose parent is gone.
static void daemonised(void) {
    if (fork() == 0) {
        setsid();
        if (fork() == 0) {
            for (;;) {
                pause();
            }
        }
        _exit(0);
    }
}

// A directory that its owner may not enter.
static void closed(const char *lock) {
    char name[PATH_MAX], inside[PATH_MAX + 8];
    snprintf(name, sizeof name, "%s.closed", lock);
    snprintf(inside, sizeof inside, "%s/file", name);
    if (mkdir(name, 0700) == 0) {
        close(open(inside, O_CREAT | O_WRONLY, 0));
        chmod(name, 0);
    }
}

int main(int count, char **words) {
    const char *what = count > 2 ? words[1] : "", *lock = words[count - 1];
    if (strcmp(what, "untraced") == 0) {
        untraced();
    } else if (strcmp(what, "daemon") == 0) {
        daemonised();
    } else if (strcmp(what, "closed") == 0) {
        closed(lock);
    }
    int file = open(lock, O_CREAT | O_EXCL | O_WRONLY, 0644);
    if (file < 0) {
        busy();
    }
    hold();
    unlink(lock);
    say("released\n");
    return 0;
}
