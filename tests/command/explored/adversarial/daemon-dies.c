// broken: the grandchild that holds the lock ends at an alarm after 30 s; the holder does not notice.
#include "adversarial.h"
int main(int count, char **words) {
    begin(count, words);
    int q[2], f, p;
    char c;
    pipe(q);
    if (!(p = fork())) {
        setsid();
        if (fork()) _exit(0);
        f = open(lock_path, O_CREAT | O_RDWR, 0600);
        if (flock(f, LOCK_EX | LOCK_NB)) {
            write(q[1], "b", 1);
            _exit(0);
        }
        write(q[1], "a", 1);
        sleep(30);
        _exit(0);
    }
    waitpid(p, 0, 0);
    read(q[0], &c, 1);
    if (c == 'b') busy();
    hold();
    release();
    return 0;
}
