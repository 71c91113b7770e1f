# Wrong: nobody ever gets the lock.
echo busy
