import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * `Seed create-new|stat-then-write LOCK`: the two locks that onewinner began with, in Java. The lock is taken by a thread
 * of a pool.
 *
 * create-new is right: one system call makes the file or fails. stat-then-write is wrong: two that look before either writes
 * both find nothing.
 */
final class Seed {
    private static boolean acquire(String name, Path lock) throws IOException {
        if (name.equals("create-new")) {
            try {
                Files.newByteChannel(lock, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE).close();
                return true;
            } catch (FileAlreadyExistsException taken) {
                return false;
            }
        }
        if (Files.exists(lock)) {
            return false;
        }
        Files.writeString(lock, "locked\n");
        return true;
    }

    private static void say(String line) {
        System.out.println(line);
        System.out.flush();
    }

    public static void main(String[] arguments) throws Exception {
        String name = arguments[0];
        Path lock = Path.of(arguments[1]);
        ExecutorService pool = Executors.newFixedThreadPool(1);
        try {
            if (!pool.submit(() -> acquire(name, lock)).get()) {
                say("busy");
                return;
            }
            say("acquired");
            new BufferedReader(new InputStreamReader(System.in)).readLine();
            pool.submit(() -> Files.deleteIfExists(lock)).get();
            say("released");
        } catch (ExecutionException failed) {
            say("error " + failed.getCause());
        } finally {
            pool.shutdown();
        }
    }
}
