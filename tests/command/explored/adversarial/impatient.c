// broken: a thread that loses its patience with an flock, by a wait (`w`) or by sleeps (`s`), looks and creates without it.
#include "adversarial.h"
#include <semaphore.h>
#include <stdatomic.h>
static sem_t never; static atomic_int *once; static int k;
static void attempt(int guard){ if(atomic_exchange(once,1)) { for(;;) pause(); }
 struct stat s; if(!stat(lock_path,&s)) { say("busy\n"); _exit(0);} 
 int fd=open(lock_path,O_CREAT|O_WRONLY,0600); if(guard>=0) flock(guard,LOCK_UN);
 hold(); unlink(lock_path); release(); }
static void *w(void *u){ struct timespec t; if(k=='w'){ clock_gettime(CLOCK_REALTIME,&t); t.tv_nsec+=1000000; if(t.tv_nsec>999999999){t.tv_sec++;t.tv_nsec-=1000000000;} sem_timedwait(&never,&t);} 
 else for(int i=0;i<10;i++) usleep(1000);
 attempt(-1); return u;}
int main(int c,char**v){ begin(c,v); k=v[1][0]; once=mmap(0,4096,PROT_READ|PROT_WRITE,MAP_SHARED|MAP_ANONYMOUS,-1,0);
 int g=open(at(".guard"),O_CREAT|O_RDWR|O_CLOEXEC,0600); pthread_t t;
 pthread_create(&t,0,w,0);
 flock(g,LOCK_EX); attempt(g); }
