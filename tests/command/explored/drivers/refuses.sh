# Wrong: nobody ever gets the lock, and it says why.
echo "error the service is down"
