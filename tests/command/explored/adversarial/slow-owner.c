// broken: mkdir, then the pid in it. Who finds a directory without a pid looks five times, a second apart, takes it for one that
// was left behind, and takes it over: the owner was only slow.
#include "adversarial.h"
int main(int count, char **words) {
    begin(count, words);
    char *pid = at("/pid");
    if (mkdir(lock_path, 0700)) {
        for (int look = 0; look < 5; look++) {
            if (!access(pid, F_OK)) busy();
            sleep(1);
        }
    }
    int f = open(pid, O_CREAT | O_EXCL | O_WRONLY, 0600);
    if (f < 0 && errno != EEXIST) busy();
    hold();
    unlink(pid);
    rmdir(lock_path);
    release();
    return 0;
}
