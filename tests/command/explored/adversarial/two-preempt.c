// broken: needs a switch in each of two processes: A writes its name, B overwrites, A checks (gone: retries by flag), ... classic
// write-read-confirm with one delay: write me; read; if me: write ok; read again.
#include "adversarial.h"
static char b[16];
static void put(const char *p) {
    int f = open(p, O_CREAT | O_WRONLY | O_TRUNC, 0600), me = getpid();
    write(f, &me, 4);
    close(f);
}
static int get(const char *p) {
    int f = open(p, O_RDONLY), v = 0;
    if (f < 0) return 0;
    read(f, &v, 4);
    close(f);
    return v;
}
int main(int count, char **words) {
    begin(count, words);
    char *x = at(".x"), *y = at(".y");
    put(x);
    if (get(y)) busy();
    put(y);
    if (get(x) != getpid()) {
        usleep(1);
        if (get(y) != getpid()) busy();
    }
    if (get(y) != getpid()) busy();
    hold();
    unlink(y);
    release();
    return 0;
}
