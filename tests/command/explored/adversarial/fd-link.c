// broken: it reads where its descriptor's file is now (/proc/self/fd/N). If that was exchanged since the open, it takes itself
// for the next in line and goes in. Window: between the open and the look.
#include "adversarial.h"
int main(int count, char **words) {
    begin(count, words);
    char l[64], to[4096] = {0};
    int f = open(lock_path, O_CREAT | O_EXCL | O_RDWR, 0600);
    if (f >= 0) {
        close(open(at(".old"), O_CREAT | O_RDWR, 0600));
        renameat2(AT_FDCWD, lock_path, AT_FDCWD, at(".old"), RENAME_EXCHANGE);
        hold();
        unlink(at(".old"));
        unlink(lock_path);
        release();
    }
    f = open(lock_path, O_RDONLY);
    if (f < 0) busy();
    sprintf(l, "/proc/self/fd/%d", f);
    readlink(l, to, sizeof to - 1);
    if (strstr(to, ".old")) {
        hold();
        release();
    }
    busy();
    return 0;
}
