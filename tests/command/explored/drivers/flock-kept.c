// `flock-kept try|wait LOCK`. Right: a kernel lock on a file that nobody removes. With `wait` it waits for the holder.
#include "driver.h"

int main(int count, char **words) {
    int wait = count == 3 && strcmp(words[1], "wait") == 0;
    int file = open(words[2], O_CREAT | O_RDWR, 0644);
    if (file < 0) fail("open");
    if (flock(file, wait ? LOCK_EX : LOCK_EX | LOCK_NB) != 0) {
        if (errno == EWOULDBLOCK) busy();
        fail("flock");
    }
    hold();
    close(file);
    say("released\n");
}
