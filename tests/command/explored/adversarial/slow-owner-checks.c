// broken: an empty lock file that is seen in ten looks is moved away. Its owner looks at its inode and then writes its pid: it may be
// slow in between, and then its file has another name.
#include "adversarial.h"
int main(int count, char **words) {
    begin(count, words);
    struct stat own, there;
    char *aside = at(".old");
    for (int looks = 0;;) {
        int file = open(lock_path, O_CREAT | O_EXCL | O_RDWR, 0600);
        if (file >= 0) {
            fstat(file, &own);
            if (stat(lock_path, &there) || there.st_ino != own.st_ino) busy();
            if (write(file, "1", 1) != 1) busy();
            break;
        }
        if (stat(lock_path, &there)) continue;
        if (there.st_size) busy();
        if (++looks < 10) {
            sleep(1);
            continue;
        }
        if (rename(lock_path, aside)) busy();
        if (!stat(aside, &there) && there.st_size) {
            rename(aside, lock_path);
            busy();
        }
        unlink(aside);
        looks = 0;
    }
    hold();
    unlink(lock_path);
    release();
    return 0;
}
