import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.consumer.listener.ConsumeConcurrentlyStatus;
import org.apache.rocketmq.client.consumer.listener.MessageListenerConcurrently;
import org.apache.rocketmq.common.consumer.ConsumeFromWhere;

/**
 * The stock push consumer reads a backlog from its first offset, each round as a new group.
 * usage: PushDrain NAMESRV TOPIC MESSAGES WARMUP_S
 * Rounds that begin within WARMUP_S print nothing; the last prints "first" at its first message and
 * "done MESSAGES NANOSECONDS" when all came. Exit 1 when they do not come in three minutes.
 */
public class PushDrain {
    public static void main(String[] args) throws Exception {
        long messages = Long.parseLong(args[2]);
        long warmupEnd = System.nanoTime() + TimeUnit.SECONDS.toNanos(Long.parseLong(args[3]));
        String run = Long.toString(System.currentTimeMillis());
        for (int round = 0; System.nanoTime() < warmupEnd; round++) {
            drain(args[0], args[1], messages, "bench_drain_" + run + "_" + round, false);
        }
        drain(args[0], args[1], messages, "bench_drain_" + run, true);
        System.out.flush();
        Runtime.getRuntime().halt(0);
    }

    private static void drain(String namesrv, String topic, long messages, String group, boolean counts)
        throws Exception {
        AtomicLong came = new AtomicLong();
        AtomicLong firstAt = new AtomicLong();
        CountDownLatch all = new CountDownLatch(1);
        DefaultMQPushConsumer consumer = new DefaultMQPushConsumer(group);
        consumer.setNamesrvAddr(namesrv);
        consumer.setInstanceName(group);
        consumer.setConsumeFromWhere(ConsumeFromWhere.CONSUME_FROM_FIRST_OFFSET);
        consumer.subscribe(topic, "*");
        consumer.registerMessageListener((MessageListenerConcurrently) (list, context) -> {
            if (firstAt.get() == 0 && firstAt.compareAndSet(0, System.nanoTime()) && counts) {
                System.out.println("first");
                System.out.flush();
            }
            if (came.addAndGet(list.size()) >= messages) {
                all.countDown();
            }
            return ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
        });
        consumer.start();
        boolean isComplete = all.await(180, TimeUnit.SECONDS);
        long tookNanos = System.nanoTime() - firstAt.get();
        if (!isComplete) {
            System.out.println("incomplete " + came.get());
            System.out.flush();
            Runtime.getRuntime().halt(1);
        }
        if (counts) {
            System.out.println("done " + came.get() + " " + tookNanos);
            System.out.flush();
        }
        consumer.shutdown();
    }
}
