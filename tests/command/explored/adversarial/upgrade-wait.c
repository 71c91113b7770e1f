// flock that waits and makes a shared lock exclusive: it releases the shared one first (flock(2), "Converting a lock").
// lost broken: reads under LOCK_SH who has it. Two that read "nobody" get LOCK_EX one after the other.
// again safe: the same, and it reads again under LOCK_EX.
// whole safe: LOCK_EX is the lock, and one process alone has it.
#include "adversarial.h"
static int is_taken(int f) {
    char byte = 0;
    pread(f, &byte, 1, 0);
    return byte == 'x';
}
int main(int count, char **words) {
    begin(count, words);
    int f = open(lock_path, O_CREAT | O_RDWR, 0600);
    flock(f, LOCK_SH);
    if (!strcmp(words[1], "whole")) {
        flock(f, LOCK_EX);
        hold();
        flock(f, LOCK_UN);
        release();
    }
    if (is_taken(f)) busy();
    flock(f, LOCK_EX);
    if (!strcmp(words[1], "again") && is_taken(f)) busy();
    pwrite(f, "x", 1, 0);
    flock(f, LOCK_UN);
    hold();
    pwrite(f, "-", 1, 0);
    release();
    return 0;
}
