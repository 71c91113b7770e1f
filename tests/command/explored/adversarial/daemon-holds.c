// safe: the lock (flock) is held by a grandchild in a session of its own; the first process waits for it to say so.
#include "adversarial.h"
int main(int count, char **words) {
    begin(count, words);
    int q[2], r[2], f, p;
    char c;
    pipe(q);
    pipe(r);
    if (!(p = fork())) {
        setsid();
        if (fork()) _exit(0);
        f = open(lock_path, O_CREAT | O_RDWR, 0600);
        if (flock(f, LOCK_EX | LOCK_NB)) {
            write(q[1], "b", 1);
            _exit(0);
        }
        write(q[1], "a", 1);
        close(r[1]);
        read(r[0], &c, 1);
        flock(f, LOCK_UN);
        write(q[1], "r", 1);
        _exit(0);
    }
    waitpid(p, 0, 0);
    close(r[0]);
    read(q[0], &c, 1);
    if (c == 'b') busy();
    hold();
    write(r[1], "x", 1);
    read(q[0], &c, 1);
    release();
    return 0;
}
