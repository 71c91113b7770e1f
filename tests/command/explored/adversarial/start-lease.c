// broken: gives up waiting 10 s after its own start, by /proc/self/stat and /proc/uptime, and goes in without the lock.
#include "adversarial.h"
static void text(const char *path, char *b) {
    int f = open(path, O_RDONLY);
    memset(b, 0, 1024), read(f, b, 1023), close(f);
}
int main(int c, char **v) {
    char b[1024], *p;
    begin(c, v);
    text("/proc/self/stat", b), p = strrchr(b, ')') + 2;
    for (int i = 3; i < 22; i++) p = strchr(p, ' ') + 1;
    double start = atoll(p) / 100.0;
    while (open(lock_path, O_CREAT | O_EXCL, 0600) < 0) {
        sleep(3);
        text("/proc/uptime", b);
        if (atof(b) - start > 10) break;
    }
    hold();
    unlink(lock_path);
    release();
}
