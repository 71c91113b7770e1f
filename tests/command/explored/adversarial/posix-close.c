// broken: a record lock is lost when the process closes another descriptor of the file (here: reads the owner's name from it).
#include "adversarial.h"
int main(int count, char **words) {
    begin(count, words);
    int f = open(lock_path, O_CREAT | O_RDWR, 0600), g;
    struct flock k = {.l_type = F_WRLCK};
    if (fcntl(f, F_SETLK, &k)) busy();
    char b[8];
    g = open(lock_path, O_RDONLY);
    read(g, b, 8);
    close(g);
    hold();
    release();
    return 0;
}
