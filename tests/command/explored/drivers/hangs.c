// Programs that do not come to an end by themselves. hangs HOW LOCK
#include "driver.h"
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>

// Opens a named pipe that nothing opens for writing.
static void fifo(const char *lock) {
    mkfifo(lock, 0644);
    open(lock, O_RDONLY);
}

// Polls for the lock by epoll_wait with a time-out, as event loops do.
static void epoll(const char *lock) {
    struct epoll_event event = {.events = EPOLLIN};
    int waits = epoll_create1(0), silent = eventfd(0, 0);
    epoll_ctl(waits, EPOLL_CTL_ADD, silent, &event);
    while (mkdir(lock, 0777)) {
        epoll_wait(waits, &event, 1, 50);
    }
    hold();
}

// Ignores every signal that can be ignored, and waits.
static void deaf(void) {
    for (int number = 1; number < 32; number++) {
        signal(number, SIG_IGN);
    }
    for (;;) {
        pause();
    }
}

int main(int count, char **words) {
    const char *how = count > 2 ? words[1] : "", *lock = words[count - 1];
    volatile unsigned long turns = 0;
    struct stat seen;
    if (strcmp(how, "fifo") == 0) {
        fifo(lock);
    } else if (strcmp(how, "epoll") == 0) {
        epoll(lock);
    } else if (strcmp(how, "deaf") == 0) {
        deaf();
    } else if (strcmp(how, "spin") == 0) {
        for (;;) {
            turns++;
        }
    } else if (strcmp(how, "calls") == 0) { // That no tracer sees.
        for (;;) {
            syscall(SYS_getuid);
        }
    } else if (strcmp(how, "outside") == 0) { // That a tracer sees, beside the lock's directory.
        for (;;) {
            stat("/", &seen);
        }
    }
    return 0;
}
