// safe: mkdir; the words come letter by letter.
#include "adversarial.h"
int main(int count, char **words) {
    begin(count, words);
    char l;
    if (mkdir(lock_path, 0700)) {
        write(1, "bu", 2);
        write(1, "sy\n", 3);
        _exit(0);
    }
    const char *s = "acquired\n";
    for (; *s; s++) write(1, s, 1);
    while (read(0, &l, 1) == 1 && l != '\n');
    rmdir(lock_path);
    write(1, "rel", 3);
    write(1, "eased\n", 6);
    _exit(0);
    return 0;
}
