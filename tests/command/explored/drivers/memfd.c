// Right: the seed's create-new, in a program that also maps memory of its own through a file without a name. That is nobody else's.
#include "driver.h"

int main(int count, char **words) {
    int own = memfd_create("own", 0);
    if (own < 0 || ftruncate(own, 4096) != 0) fail("memfd_create");
    char *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, own, 0);
    if (page == MAP_FAILED) fail("mmap");
    page[0] = 1;
    int file = open(words[count - 1], O_CREAT | O_EXCL | O_WRONLY, 0644);
    if (file < 0 && errno == EEXIST) busy();
    if (file < 0) fail("open");
    close(file);
    hold();
    if (unlink(words[count - 1]) != 0) fail("unlink");
    say("released\n");
}
