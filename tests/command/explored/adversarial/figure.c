// broken: who does not get the lock looks at a figure of the machine twice, a second apart. If it has changed, as it does when others
// work or time passes, it goes in without the lock. If there is no such figure too.
#include "adversarial.h"
static void text(const char *path, char *b) {
    int f = open(path, O_RDONLY);
    memset(b, 0, 4096);
    if (f < 0 || read(f, b, 4095) < 0) strcpy(b, "none");
    close(f);
}
int main(int c, char **v) {
    char first[4096], then[4096];
    begin(c, v);
    text(v[1], first);
    int f = open(lock_path, O_CREAT | O_EXCL, 0600);
    if (f < 0) {
        sleep(1);
        text(v[1], then);
        if (!strcmp(first, then) && strcmp(then, "none")) busy();
    } else if (!fork()) {
        _exit(0);
    }
    hold();
    unlink(lock_path);
    release();
}
