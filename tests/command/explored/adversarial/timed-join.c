// broken: looks, then creates without O_EXCL, after it has joined a thread that waits a second.
#include "adversarial.h"
#include <semaphore.h>
static sem_t never;
static void *w(void *u){(void)u; struct timespec t; clock_gettime(CLOCK_REALTIME,&t); t.tv_sec+=1; sem_timedwait(&never,&t); return 0;}
int main(int c,char**v){ begin(c,v); pthread_t t; pthread_create(&t,0,w,0); pthread_join(t,0);
 struct stat s; if(!stat(lock_path,&s)) busy();
 int fd=open(lock_path,O_CREAT|O_WRONLY,0600); if(fd<0) fail("open");
 hold(); unlink(lock_path); release(); }
