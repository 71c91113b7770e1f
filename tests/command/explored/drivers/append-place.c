// `append-place LOCK`: it appends a byte, and has the lock if that is the first one, by the place in the file behind it. That is
// right. lseek(2) does not stop the program, and returns to the loser what depends on the winner.
#include "driver.h"

int main(int count, char **words) {
    int file = open(words[count - 1], O_CREAT | O_WRONLY | O_APPEND, 0600);
    if (file < 0) fail("open");
    if (write(file, "x", 1) != 1) fail("write");
    if (lseek(file, 0, SEEK_CUR) != 1) busy();
    hold();
    if (ftruncate(file, 0) != 0) fail("ftruncate");
    say("released\n");
}
