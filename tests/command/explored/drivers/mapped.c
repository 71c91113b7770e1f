// Locks by a word of a file that all have mapped, writable and shared: memory, and no call, decides. It is right, and nothing can
// be said of it: what is stored to memory is not seen.
#include "driver.h"

int main(int count, char **words) {
    int file = open(words[count - 1], O_CREAT | O_RDWR, 0644);
    if (file < 0) fail("open");
    if (ftruncate(file, sizeof(int)) != 0) fail("ftruncate");
    int *word = mmap(NULL, sizeof(int), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (word == MAP_FAILED) fail("mmap");
    int none = 0;
    if (!__atomic_compare_exchange_n(word, &none, 1, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) busy();
    hold();
    __atomic_store_n(word, 0, __ATOMIC_SEQ_CST);
    say("released\n");
}
