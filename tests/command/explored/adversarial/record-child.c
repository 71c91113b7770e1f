// broken: a record lock taken in a child: it ends with the child, so the parent holds nothing.
#include "adversarial.h"
int main(int count, char **words) {
    begin(count, words);
    int f = open(lock_path, O_CREAT | O_RDWR, 0600), w, p = fork();
    struct flock k = {.l_type = F_WRLCK};
    if (!p) _exit(fcntl(f, F_SETLK, &k) ? 1 : 0);
    waitpid(p, &w, 0);
    if (w) busy();
    hold();
    k.l_type = F_UNLCK;
    fcntl(f, F_SETLK, &k);
    release();
    return 0;
}
