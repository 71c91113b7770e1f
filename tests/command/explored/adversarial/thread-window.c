// broken: the holder's file names a thread that lives only while the holder starts; one that sees it alive (/proc/PID/task/TID,
// tgkill 0) goes in.
#include "adversarial.h"
static int tid, q[2];
static void *th(void *x) {
    char c;
    tid = gettid();
    write(q[1], "x", 1);
    return 0;
}
int main(int count, char **words) {
    begin(count, words);
    pipe(q);
    int f = open(lock_path, O_CREAT | O_EXCL | O_RDWR, 0600), t[2] = {0};
    if (f < 0) {
        f = open(lock_path, O_RDONLY);
        if (f < 0 || read(f, t, 8) < 8) busy();
        if (!syscall(SYS_tgkill, t[0], t[1], 0)) {
            hold();
            release();
        }
        busy();
    }
    pthread_t p;
    char c;
    t[0] = getpid();
    pthread_create(&p, 0, th, 0);
    read(q[0], &c, 1);
    t[1] = tid;
    pwrite(f, t, 8, 0);
    pthread_join(p, 0);
    hold();
    unlink(lock_path);
    release();
    return 0;
}
