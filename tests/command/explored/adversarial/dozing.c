// A thread looks every millisecond (`short`), every 20 ms (`long`), or waits so long for a semaphore (`wait`). It does so a given
// number of times, and makes no call on files until then.
// `holds`: it looks whether the lock is held, and removes it after this number of looks in a hold. Broken: another process gets in.
// `counts`: it removes the lock after this number of looks since its start, if it is held then. Broken in the same way.
// `opens`: the lock is taken only when the thread has looked that often. Safe: O_EXCL, removed by its owner.
#include "adversarial.h"
#include <semaphore.h>

static volatile int held, looks, most;
static int how, kind;
static sem_t never;

static void *look(void *unused) {
    (void)unused;
    int seen = 0;
    for (;;) {
        if (how == 'w') {
            struct timespec until;
            clock_gettime(CLOCK_REALTIME, &until);
            until.tv_nsec += 20000000;
            until.tv_sec += until.tv_nsec / 1000000000;
            until.tv_nsec %= 1000000000;
            sem_timedwait(&never, &until);
        } else {
            usleep(how == 's' ? 1000 : 20000);
        }
        looks++;
        seen += kind != 'h' || held;
        if (seen >= most) {
            break;
        }
    }
    if (kind != 'o' && held) {
        unlink(lock_path);
    }
    return 0;
}

int main(int argc, char **argv) {
    (void)argc;
    kind = argv[1][0], how = argv[2][0], most = atoi(argv[3]), lock_path = argv[4];
    pthread_t thread;
    pthread_create(&thread, 0, look, 0);
    if (kind == 'o') {
        pthread_join(thread, 0);
    }
    int fd = open(lock_path, O_CREAT | O_EXCL | O_WRONLY, 0600);
    if (fd < 0) {
        busy();
    }
    held = 1;
    hold();
    held = 0;
    unlink(lock_path);
    release();
}
