// safe: its start time never changes. An owner that is no longer itself would go in without the lock.
#include "adversarial.h"
static long long start(void) {
    char b[1024] = {0}, *p;
    int f = open("/proc/self/stat", O_RDONLY);
    read(f, b, sizeof b - 1), close(f), p = strrchr(b, ')') + 2;
    for (int i = 3; i < 22; i++) p = strchr(p, ' ') + 1;
    return atoll(p);
}
int main(int c, char **v) {
    begin(c, v);
    long long me = start();
    int f = open(lock_path, O_CREAT | O_EXCL | O_WRONLY, 0600);
    if (f < 0 && start() == me) busy();
    hold();
    unlink(lock_path);
    release();
}
