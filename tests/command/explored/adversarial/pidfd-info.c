// broken (3 processes): as pidfd-poll, by /proc/self/fdinfo/N of the pidfd (Pid: -1 when it has ended).
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
        char t[16] = {0}, b[999] = {0}, n[64];
        int f = open(lock_path, O_RDONLY);
        if (f < 0) busy();
        if (read(f, t, 15) <= 0) busy();
        close(f);
        int p = syscall(SYS_pidfd_open, atoi(t), 0);
        if (p < 0) busy();
        sprintf(n, "/proc/self/fdinfo/%d", p);
        f = open(n, O_RDONLY);
        read(f, b, 998);
        if (!strstr(b, "-1")) busy();
        unlink(lock_path);
        if (!take()) busy();
    }
    hold();
    unlink(lock_path);
    release();
    return 0;
}
