// safe: a record lock taken by a child that shares the table of descriptors (CLONE_FILES) belongs to the table: it outlives the
// child.
#include "adversarial.h"
static int f;
static char st[65536];
static int ch(void *x) {
    struct flock k = {.l_type = F_WRLCK};
    return fcntl(f, F_SETLK, &k) ? 1 : 0;
}
int main(int count, char **words) {
    begin(count, words);
    f = open(lock_path, O_CREAT | O_RDWR, 0600);
    int w, p = clone(ch, st + 65000, CLONE_FILES | SIGCHLD, 0);
    waitpid(p, &w, 0);
    if (w) busy();
    hold();
    close(f);
    release();
    return 0;
}
