// broken: the holder's file names a child that lives only while the holder starts; one that sees it alive takes it for its own
// leftover and goes in. Window: between the file and the end of the child.
#include "adversarial.h"
int main(int count, char **words) {
    begin(count, words);
    int f = open(lock_path, O_CREAT | O_EXCL | O_RDWR, 0600);
    char t[16] = {0};
    if (f < 0) {
        f = open(lock_path, O_RDONLY);
        if (f < 0 || read(f, t, 15) <= 0) busy();
        if (atoi(t) > 0 && !kill(atoi(t), 0)) {
            hold();
            release();
        }
        busy();
    }
    int p = fork(), w;
    if (!p) {
        pause();
        _exit(0);
    }
    sprintf(t, "%d", p);
    write(f, t, strlen(t));
    kill(p, SIGKILL);
    waitpid(p, &w, 0);
    hold();
    unlink(lock_path);
    release();
    return 0;
}
