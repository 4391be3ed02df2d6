import java.io.*;
import java.nio.file.*;
import java.util.*;
import java.util.stream.Collectors;
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.consumer.listener.*;
import org.apache.rocketmq.client.producer.*;
import org.apache.rocketmq.common.consumer.ConsumeFromWhere;
import org.apache.rocketmq.common.message.*;

/**
 * Traffic of the official client over a whole cluster: one producer and two members of a group.
 * usage: ClusterTraffic NAMESRVS TOPIC GROUP DIR
 * DIR/events.log gets a line for each event: `sent KEY BROKER`, `failed KEY REASON`, `got MEMBER KEY BROKER`,
 * `holds MEMBER BROKER:QUEUE,…` whenever the queues of a member have changed.
 * Sends until DIR/stop-sending exists, consumes until DIR/stop exists.
 */
public class ClusterTraffic {
    static PrintStream events;

    public static void main(String[] args) throws Exception {
        System.setProperty("rocketmq.client.rebalance.waitInterval", "1000");
        String namesrvs = args[0], topic = args[1], group = args[2];
        Path dir = Paths.get(args[3]);
        events = new PrintStream(new FileOutputStream(dir.resolve("events.log").toFile(), true), true, "UTF-8");
        List<DefaultMQPushConsumer> members = new ArrayList<>();
        for (String member : new String[] {"java-1", "java-2"}) members.add(member(namesrvs, topic, group, member));
        Thread watch = new Thread(() -> watch(members, topic));
        watch.setDaemon(true);
        watch.start();
        DefaultMQProducer producer = new DefaultMQProducer("cluster_producers");
        producer.setNamesrvAddr(namesrvs);
        producer.setInstanceName("java-producer");
        producer.setPollNameServerInterval(1000);
        producer.setHeartbeatBrokerInterval(2000);
        producer.setSendMsgTimeout(10000);
        producer.start();
        for (int number = 0; !Files.exists(dir.resolve("stop-sending")); number++) {
            String key = "java-" + number;
            try {
                SendResult result = producer.send(new Message(topic, key.getBytes("UTF-8")));
                boolean stored = result.getSendStatus() == SendStatus.SEND_OK;
                events.println(stored ? "sent " + key + " " + result.getMessageQueue().getBrokerName()
                    : "failed " + key + " " + result.getSendStatus());
            } catch (Exception refusal) {
                events.println("failed " + key + " " + refusal);
            }
            Thread.sleep(40);
        }
        while (!Files.exists(dir.resolve("stop"))) Thread.sleep(50);
        for (DefaultMQPushConsumer member : members) member.shutdown();
        producer.shutdown();
        System.exit(0);
    }

    static DefaultMQPushConsumer member(String namesrvs, String topic, String group, String name) throws Exception {
        DefaultMQPushConsumer member = new DefaultMQPushConsumer(group);
        member.setNamesrvAddr(namesrvs);
        member.setInstanceName(name);
        member.setPollNameServerInterval(1000);
        member.setHeartbeatBrokerInterval(2000);
        member.setPersistConsumerOffsetInterval(1000);
        member.setPullTimeDelayMillsWhenException(300);
        member.setConsumeThreadMin(2);
        member.setConsumeThreadMax(2);
        member.setConsumeFromWhere(ConsumeFromWhere.CONSUME_FROM_FIRST_OFFSET);
        member.subscribe(topic, "*");
        member.registerMessageListener((MessageListenerConcurrently) (messages, context) -> {
            for (MessageExt message : messages) {
                events.println("got " + name + " " + new String(message.getBody()) + " " + context.getMessageQueue().getBrokerName());
            }
            return ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
        });
        member.start();
        return member;
    }

    static void watch(List<DefaultMQPushConsumer> members, String topic) {
        Map<String, String> last = new HashMap<>();
        while (true) {
            for (DefaultMQPushConsumer member : members) {
                Set<MessageQueue> all = member.getDefaultMQPushConsumerImpl().getRebalanceImpl().getProcessQueueTable().keySet();
                String now = all.stream().filter(queue -> queue.getTopic().equals(topic)).sorted()
                    .map(queue -> queue.getBrokerName() + ":" + queue.getQueueId()).collect(Collectors.joining(","));
                if (!now.equals(last.put(member.getInstanceName(), now))) {
                    events.println("holds " + member.getInstanceName() + " " + now);
                }
            }
            try { Thread.sleep(100); } catch (InterruptedException end) { return; }
        }
    }
}
