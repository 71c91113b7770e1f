// Locks with a sleep, a time limit, a timer or a poll in them. The wrong ones go in without the lock when the time is over.
#include "driver.h"
#include <poll.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/select.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>

static const char *lock;
static int file;

static int taken(void) {
    file = open(lock, O_RDWR | O_CREAT, 0644);
    return flock(file, LOCK_EX | LOCK_NB) == 0;
}

static void finish(void) {
    hold();
    close(file);
    say("released\n");
    exit(0);
}

// Wrong even in turn: what is there at the first look is taken for stale.
static void look_then_act(int looks, int pause_us) {
    struct stat there, other;
    char path[4096];
    int found = stat(lock, &there) == 0;
    for (int i = 0; i < looks; i++) {
        snprintf(path, sizeof path, "%s.%d", lock, i);
        stat(path, &other);
    }
    if (pause_us > 0) {
        usleep(pause_us);
    }
    if (found) {
        unlink(lock);
    }
    file = open(lock, O_CREAT | O_EXCL | O_WRONLY, 0644);
    if (file < 0) {
        busy();
    }
    finish();
}

static void nothing(int signal) {
    (void)signal;
}

static void handle_alarm(int flags) {
    struct sigaction action = {.sa_handler = nothing, .sa_flags = flags};
    sigaction(SIGALRM, &action, NULL);
    file = open(lock, O_RDWR | O_CREAT, 0644);
}

static timer_t timer;

static void arm(void) {
    struct itimerspec five = {{0, 0}, {5, 0}};
    timer_create(CLOCK_MONOTONIC, NULL, &timer);
    timer_settime(timer, 0, &five, NULL);
}

static void stop(void) {
    struct itimerspec never = {{0, 0}, {0, 0}};
    timer_settime(timer, 0, &never, NULL);
}

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
static int got;

static void *waiter(void *unused) {
    flock(file, LOCK_EX);
    pthread_mutex_lock(&mutex);
    got = 1;
    pthread_cond_signal(&condition);
    pthread_mutex_unlock(&mutex);
    return unused;
}

static void wait_for_thread(void) {
    pthread_t thread;
    struct timespec end;
    file = open(lock, O_RDWR | O_CREAT, 0644);
    pthread_create(&thread, NULL, waiter, NULL);
    clock_gettime(CLOCK_REALTIME, &end);
    end.tv_sec += 3;
    pthread_mutex_lock(&mutex);
    while (!got && pthread_cond_timedwait(&condition, &mutex, &end) == 0) {
    }
    pthread_mutex_unlock(&mutex);
}

// The child gets the lock and says so; the parent waits for that, three seconds at most. Returns whether the child has it.
static int wait_for_child(int *child_input) {
    int said[2], ends[2];
    char letter;
    if (pipe(said) || pipe(ends)) {
        fail("pipe");
    }
    if (fork() == 0) {
        close(ends[1]);
        file = open(lock, O_RDWR | O_CREAT, 0644);
        flock(file, LOCK_EX);
        (void)!write(said[1], "x", 1);
        (void)!read(ends[0], &letter, 1);
        _exit(0);
    }
    close(ends[0]);
    *child_input = ends[1];
    struct pollfd look = {said[0], POLLIN, 0};
    return poll(&look, 1, 3000) == 1;
}

static void *beat(void *unused) {
    for (;;) {
        sleep(1);
        if (utimensat(AT_FDCWD, lock, NULL, 0)) {
            return unused;
        }
    }
}

int main(int count, char **words) {
    const char *how = words[1];
    int pipes[2], child_input;
    struct timespec three = {3, 0};
    (void)count;
    lock = words[2];
    if (pipe(pipes)) {
        fail("pipe");
    }
    if (!strcmp(how, "sleep")) {
        look_then_act(0, 100000);
    } else if (!strcmp(how, "looks")) {
        look_then_act(60, 0);
    } else if (!strcmp(how, "thread")) {
        wait_for_thread();
    } else if (!strcmp(how, "child")) {
        wait_for_child(&child_input);
        hold();
        close(child_input);
        wait(NULL);
        say("released\n");
        return 0;
    } else if (!strcmp(how, "in-time")) {
        // Right: without the lock in time it is busy.
        if (!wait_for_child(&child_input)) {
            busy();
        }
        hold();
        close(child_input);
        wait(NULL);
        say("released\n");
        return 0;
    } else if (!strcmp(how, "poll")) {
        struct pollfd look = {pipes[0], POLLIN, 0};
        if (!taken() && poll(&look, 1, 3000)) {
            busy();
        }
    } else if (!strcmp(how, "select")) {
        fd_set set;
        struct timeval limit = {3, 0};
        FD_ZERO(&set);
        FD_SET(pipes[0], &set);
        if (!taken() && (select(pipes[0] + 1, &set, NULL, NULL, &limit) != 0 || FD_ISSET(pipes[0], &set))) {
            busy();
        }
    } else if (!strcmp(how, "epoll")) {
        struct epoll_event event = {.events = EPOLLIN};
        int poll = epoll_create1(0);
        epoll_ctl(poll, EPOLL_CTL_ADD, pipes[0], &event);
        if (!taken() && epoll_wait(poll, &event, 1, 3000)) {
            busy();
        }
    } else if (!strcmp(how, "signal")) {
        sigset_t set;
        sigemptyset(&set);
        sigaddset(&set, SIGUSR1);
        sigprocmask(SIG_BLOCK, &set, NULL);
        if (!taken() && sigtimedwait(&set, NULL, &three) > 0) {
            busy();
        }
    } else if (!strcmp(how, "alarm")) {
        handle_alarm(0);
        alarm(5);
        flock(file, LOCK_EX);
    } else if (!strcmp(how, "itimer")) {
        struct itimerval five = {{0, 0}, {5, 0}};
        handle_alarm(0);
        setitimer(ITIMER_REAL, &five, NULL);
        flock(file, LOCK_EX);
    } else if (!strcmp(how, "timer")) {
        handle_alarm(0);
        arm();
        flock(file, LOCK_EX);
    } else if (!strcmp(how, "restart")) {
        // Right: the kernel makes the call again after the handler.
        handle_alarm(SA_RESTART);
        arm();
        if (flock(file, LOCK_EX)) {
            busy();
        }
        stop();
    } else if (!strcmp(how, "timerfd")) {
        struct itimerspec end = {{0, 0}, {3, 0}};
        int timer = timerfd_create(CLOCK_MONOTONIC, 0);
        long expiries;
        if (!taken()) {
            timerfd_settime(timer, 0, &end, NULL);
            (void)!read(timer, &expiries, sizeof expiries);
        }
    } else if (!strcmp(how, "timerfd-epoll")) {
        struct itimerspec end = {{0, 0}, {0, 0}}, left;
        struct epoll_event event = {.events = EPOLLIN};
        int timer = timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK), poll = epoll_create1(0);
        epoll_ctl(poll, EPOLL_CTL_ADD, timer, &event);
        clock_gettime(CLOCK_REALTIME, &end.it_value);
        end.it_value.tv_sec += 3;
        if (!taken()) {
            timerfd_settime(timer, TFD_TIMER_ABSTIME, &end, NULL);
            timerfd_gettime(timer, &left);
            if (left.it_value.tv_sec > 3 || left.it_value.tv_sec < 2) {
                fail("timerfd_gettime");
            }
            epoll_wait(poll, &event, 1, -1);
        }
    } else if (!strcmp(how, "timerfd-child")) {
        // The child waits for the timer of its parent.
        struct itimerspec each = {{1, 0}, {1, 0}};
        int timer = timerfd_create(CLOCK_MONOTONIC, 0);
        uint64_t expiries;
        char letter;
        if (!taken()) {
            timerfd_settime(timer, 0, &each, NULL);
            if (fork() == 0) {
                for (int i = 0; i < 3; i++) {
                    if (read(timer, &expiries, sizeof expiries) != sizeof expiries || expiries == 0) {
                        _exit(1);
                    }
                }
                (void)!write(pipes[1], "x", 1);
                _exit(0);
            }
            close(timer);
            (void)!read(pipes[0], &letter, 1);
            wait(NULL);
        }
    } else if (!strcmp(how, "polls-timerfd")) {
        // Right: it waits as long as it takes. Another timer is armed and closed.
        struct itimerspec each = {{1, 0}, {1, 0}};
        int timer = timerfd_create(CLOCK_MONOTONIC, 0), closed = timerfd_create(CLOCK_MONOTONIC, 0);
        uint64_t expiries;
        timerfd_settime(closed, 0, &each, NULL);
        close(closed);
        timerfd_settime(timer, 0, &each, NULL);
        while (mkdir(lock, 0777)) {
            (void)!read(timer, &expiries, sizeof expiries);
        }
        close(timer);
        hold();
        rmdir(lock);
        say("released\n");
        return 0;
    } else if (!strcmp(how, "clock")) {
        time_t end = time(NULL) + 30;
        while (!taken() && time(NULL) < end) {
            close(file);
            usleep(100000);
        }
    } else if (!strcmp(how, "spin")) {
        time_t end = time(NULL) + 30;
        if (!taken()) {
            while (time(NULL) < end) {
            }
        }
    } else if (!strcmp(how, "polls") || !strcmp(how, "polls-epoll")) {
        // Right: it waits as long as it takes.
        struct epoll_event event = {.events = EPOLLIN};
        int poll = epoll_create1(0);
        epoll_ctl(poll, EPOLL_CTL_ADD, eventfd(0, 0), &event);
        while (mkdir(lock, 0777)) {
            how[5] ? epoll_wait(poll, &event, 1, 50) : usleep(50000);
        }
        hold();
        rmdir(lock);
        say("released\n");
        return 0;
    } else if (!strcmp(how, "heartbeat")) {
        // Right: a thread touches what the main one has made.
        pthread_t thread;
        if (mkdir(lock, 0777)) {
            busy();
        }
        pthread_create(&thread, NULL, beat, NULL);
        hold();
        rmdir(lock);
        say("released\n");
        return 0;
    }
    finish();
    return 0;
}
