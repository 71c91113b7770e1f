// Wrong: a contender that finds the lock taken is killed by a signal and answers nothing. That is no loser.
#include "driver.h"

int main(int count, char **words) {
    int file = open(words[count - 1], O_CREAT | O_EXCL | O_WRONLY, 0644);
    if (file < 0) abort();
    close(file);
    hold();
    if (unlink(words[count - 1]) != 0) fail("unlink");
    say("released\n");
}
