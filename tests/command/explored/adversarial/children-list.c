// broken (3 processes): whether the holder lives is read from the children of the common parent; between reading its number and
// that, it can release and exit and another acquire.
#include "adversarial.h"
static int take(void) {
    char t[16];
    int f = open(lock_path, O_CREAT | O_EXCL | O_WRONLY, 0600);
    if (f < 0) return 0;
    int n = sprintf(t, "%d", getpid());
    write(f, t, n);
    close(f);
    return 1;
}
int main(int count, char **words) {
    begin(count, words);
    if (!take()) {
        char t[16] = {0}, w[20], c[9000] = " ", n[99];
        int f = open(lock_path, O_RDONLY);
        if (f < 0) busy();
        if (read(f, t, 15) <= 0) busy();
        sprintf(n, "/proc/%d/task/%d/children", getppid(), getppid());
        int g = open(n, O_RDONLY);
        if (g < 0) fail(n);
        read(g, c + 1, 8990);
        sprintf(w, " %s ", t);
        if (strstr(c, w)) busy();
        unlink(lock_path);
        if (!take()) busy();
    }
    hold();
    unlink(lock_path);
    release();
    return 0;
}
