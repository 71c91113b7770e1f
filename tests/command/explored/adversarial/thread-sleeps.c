// broken: a thread removes the lock after one wait of 1 ms, or ten sleeps, in a sleep of a second before the hold.
#include "adversarial.h"
#include <semaphore.h>
static sem_t go,never; static volatile int held; static const char*kind;
static void *w(void *u){ sem_wait(&go); 
 if(!strcmp(kind,"one")){ struct timespec t; clock_gettime(CLOCK_REALTIME,&t); t.tv_nsec+=1000000; if(t.tv_nsec>999999999){t.tv_sec++;t.tv_nsec-=1000000000;} sem_timedwait(&never,&t);} 
 else for(int i=0;i<(kind[0]=='t'?10:60);i++) usleep(1000);
 if(!held) unlink(lock_path); return u;}
int main(int c,char**v){ begin(c,v); kind=v[1]; pthread_t t; pthread_create(&t,0,w,0);
 int fd=open(lock_path,O_CREAT|O_EXCL|O_WRONLY,0600); if(fd<0) busy();
 sem_post(&go); sleep(1); held=1; hold(); unlink(lock_path); release(); }
