// `tries COUNT LOCK`: wrong. It tries so often, and then takes the lock even if another holds it.
#include "driver.h"

int main(int count, char **words) {
    const char *lock = words[count - 1];
    for (int tries = atoi(words[1]); tries > 0; tries--) {
        if (mkdir(lock, 0755) == 0) break;
        if (errno != EEXIST) fail("mkdir");
        usleep(100000);
    }
    hold();
    rmdir(lock);
    say("released\n");
}
