import com.alibaba.fastjson.JSON;
import com.alibaba.fastjson.serializer.SerializerFeature;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.*;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import org.apache.rocketmq.common.*;
import org.apache.rocketmq.common.admin.ConsumeStats;
import org.apache.rocketmq.common.admin.OffsetWrapper;
import org.apache.rocketmq.common.consumer.ConsumeFromWhere;
import org.apache.rocketmq.common.filter.FilterAPI;
import org.apache.rocketmq.common.message.*;
import org.apache.rocketmq.common.protocol.RequestCode;
import org.apache.rocketmq.common.protocol.body.*;
import org.apache.rocketmq.common.protocol.header.*;
import org.apache.rocketmq.common.protocol.header.filtersrv.*;
import org.apache.rocketmq.common.protocol.header.namesrv.*;
import org.apache.rocketmq.common.protocol.heartbeat.*;
import org.apache.rocketmq.common.protocol.route.*;
import org.apache.rocketmq.common.protocol.topic.OffsetMovedEvent;
import org.apache.rocketmq.common.subscription.SubscriptionGroupConfig;
import org.apache.rocketmq.common.sysflag.MessageSysFlag;
import org.apache.rocketmq.remoting.CommandCustomHeader;
import org.apache.rocketmq.remoting.annotation.CFNotNull;
import org.apache.rocketmq.remoting.protocol.*;
import org.apache.rocketmq.store.*;
import org.apache.rocketmq.store.config.MessageStoreConfig;
import org.apache.rocketmq.store.stats.BrokerStatsManager;

/**
 * Records golden vectors with the official 4.6.0 classes: one JSON file per case below the directory given as the only
 * argument. The format is described in compat-tests/vectors/README.md.
 * Run: compat-tests/peer/peer run compat-tests/java/VectorRecorder.java compat-tests/vectors/data
 */
public class VectorRecorder {
  static final char NAME_END = 1;
  static final char PAIR_END = 2;
  static Path root;
  static int count;

  public static void main(String[] args) throws Exception {
    root = Path.of(args[0]);
    System.setProperty(RemotingCommand.REMOTING_VERSION_KEY, String.valueOf(MQVersion.CURRENT_VERSION));
    try {
      recordAll();
    } catch (Throwable e) {
      e.printStackTrace();
      System.exit(1);
    }
    System.out.println(count + " vectors below " + root);
    System.exit(0);
  }

  /** Threads of the store outlive it; the caller ends the process. */
  static void recordAll() throws Exception {
    records();
    checks();
    batches();
    properties();
    texts();
    bodies();
    prettyBodies();
    registrations();
    commands();
    doubles();
    leniency();
  }

  // ---- output -------------------------------------------------------------------------------------------------------

  static Map<String, Object> map(Object... pairs) {
    Map<String, Object> map = new LinkedHashMap<>();
    for (int i = 0; i < pairs.length; i += 2) map.put((String) pairs[i], pairs[i + 1]);
    return map;
  }

  static void put(String folder, String name, String shows, String how, Map<String, Object> content) throws Exception {
    Map<String, Object> all = map("name", folder + "/" + name, "shows", shows, "recordedHow", how);
    all.putAll(content);
    Path file = root.resolve(folder).resolve(name + ".json");
    Files.createDirectories(file.getParent());
    String text = JSON.toJSONString(all, SerializerFeature.PrettyFormat, SerializerFeature.WriteMapNullValue,
      SerializerFeature.DisableCircularReferenceDetect);
    Files.writeString(file, text.replace("\t", "  ") + "\n");
    count++;
  }

  static String hex(byte[] bytes) {
    StringBuilder text = new StringBuilder();
    for (byte each : bytes) text.append(String.format("%02x", each));
    return text.toString();
  }

  static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  static byte[] bytes(ByteBuffer buffer) {
    byte[] bytes = new byte[buffer.remaining()];
    buffer.duplicate().get(bytes);
    return bytes;
  }

  // ---- stored records -----------------------------------------------------------------------------------------------

  static final InetSocketAddress BORN4 = address("127.0.0.1", 5000);
  static final InetSocketAddress BORN6 = address("fd00::2", 5000);
  static final InetSocketAddress STORE4 = address("10.0.0.1", 10911);
  static final InetSocketAddress STORE6 = address("fd00::1", 10911);

  static InetSocketAddress address(String ip, int port) {
    try {
      return new InetSocketAddress(InetAddress.getByName(ip), port);
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }

  static DefaultMessageStore newStore() throws Exception {
    Path dir = Files.createTempDirectory("vectors");
    MessageStoreConfig config = new MessageStoreConfig();
    config.setStorePathRootDir(dir.toString());
    config.setStorePathCommitLog(dir.resolve("commitlog").toString());
    config.setMappedFileSizeCommitLog(32 * 1024);
    config.setMappedFileSizeConsumeQueue(6000);
    config.setMaxHashSlotNum(50);
    config.setMaxIndexNum(100);
    config.setMaxMessageSize(16 * 1024);
    DefaultMessageStore store = new DefaultMessageStore(config, new BrokerStatsManager("c"), null, new BrokerConfig());
    store.load();
    return store;
  }

  static MessageExtBrokerInner message(String topic, byte[] body, String... properties) {
    MessageExtBrokerInner message = new MessageExtBrokerInner();
    message.setTopic(topic);
    message.setBody(body);
    message.setFlag(5);
    message.setQueueId(1);
    message.setBornTimestamp(1500000000000L);
    message.setBornHost(BORN4);
    message.setStoreHost(STORE4);
    for (int i = 0; i < properties.length; i += 2) MessageAccessor.putProperty(message, properties[i], properties[i + 1]);
    message.setPropertiesString(MessageDecoder.messageProperties2String(message.getProperties()));
    return message;
  }

  static final String PUT = "CommitLog#putMessage of 4.6.0, read back with selectOneMessageByOffset";

  static void records() throws Exception {
    DefaultMessageStore store = newStore();
    record(store, "normal", "tags, keys and a user property", message("TopicTest", utf8("hello"), "TAGS", "TagA",
      "KEYS", "k1 k2", "UNIQ_KEY", "7F00000100000D716361000A1B2C0003", "WAIT", "true", "user", "wert"));
    record(store, "second-of-queue", "the queue offset grows", message("TopicTest", utf8("again"), "TAGS", "TagA"));
    record(store, "empty-body", "a body of no bytes", message("TopicTest", new byte[0], "TAGS", "TagA"));
    record(store, "no-properties", "no properties at all", message("TopicTest", utf8("x")));
    record(store, "non-ascii", "UTF-8 in body, tags and a value", message("TopicTest", utf8("订单 \uD83D\uDE00"),
      "TAGS", "订单", "farbe", "grün"));
    byte[] all = new byte[256];
    for (int i = 0; i < 256; i++) all[i] = (byte) i;
    record(store, "every-byte", "a body of all byte values", message("%RETRY%group", all, "a", "1"));
    MessageExtBrokerInner m = message("TopicTest", utf8("v6"), "TAGS", "TagA");
    m.setBornHost(BORN6);
    record(store, "born-v6", "IPv6 born host: sysFlag 0x10, 12 more bytes", m);
    m = message("TopicTest", utf8("v6"), "TAGS", "TagA");
    m.setStoreHost(STORE6);
    record(store, "store-v6", "IPv6 store host: sysFlag 0x20, id of 56 digits", m);
    m = message("TopicTest", utf8("v6"), "TAGS", "TagA");
    m.setBornHost(BORN6);
    m.setStoreHost(STORE6);
    record(store, "both-v6", "both hosts IPv6", m);
    m = message("TopicTest", utf8("minus"), "TAGS", "TagA");
    m.setFlag(-1);
    m.setQueueId(7);
    m.setBornTimestamp(-1);
    m.setReconsumeTimes(3);
    record(store, "negative-numbers", "flag and born time below zero, reconsumeTimes", m);
    m = message("TopicTest", new byte[] {0x78, 0x5e, 0x4b, 0x4c, 0x24, 0x0e, 0, 0, 0x36, (byte) 0xeb, 0x0f, 0x29}, "TAGS", "TagA");
    m.setSysFlag(MessageSysFlag.COMPRESSED_FLAG);
    record(store, "compressed", "compressed body, stored as sent", m);
    m = message("TopicTest", utf8("later"), "TAGS", "TagA", "DELAY", "3");
    m.setDelayTimeLevel(3);
    record(store, "delayed", "level 3 goes to queue 2 of the schedule topic with REAL_TOPIC and REAL_QID", m);
    record(store, "half", "half message as the broker stores it", message("RMQ_SYS_TRANS_HALF_TOPIC", utf8("half"),
      "TRAN_MSG", "true", "PGROUP", "pg", "REAL_TOPIC", "TopicTest", "REAL_QID", "1", "UNIQ_KEY", "7F00000100000D716361000A1B2C0003"));
    record(store, "op", "op message: the body is a queue offset", message("RMQ_SYS_TRANS_OP_HALF_TOPIC", utf8("0"), "TAGS", "d"));
    m = message("TopicTest", utf8("committed"), "TRAN_MSG", "true", "PGROUP", "pg");
    m.setSysFlag(MessageSysFlag.TRANSACTION_COMMIT_TYPE);
    m.setPreparedTransactionOffset(4711);
    record(store, "committed", "committed message points back to its half message", m);
    m = message("TopicTest", utf8("raw"), "TRAN_MSG", "true");
    m.setSysFlag(MessageSysFlag.TRANSACTION_PREPARED_TYPE);
    m.setPreparedTransactionOffset(99);
    record(store, "raw-prepared", "prepared type: queue offset 0, counter not advanced", m);
    m = message("TopicTest", utf8("raw"), "TRAN_MSG", "true");
    m.setSysFlag(MessageSysFlag.TRANSACTION_ROLLBACK_TYPE);
    record(store, "raw-rollback", "rollback type: queue offset 0", m);
    record(store, "retry", "message sent back by a consumer", message("%RETRY%cg", utf8("r"), "RETRY_TOPIC", "TopicTest",
      "ORIGIN_MESSAGE_ID", "0A00000100002A9F00000000000003E8", "TAGS", "TagA"));
    batchRecords(store, "batch-v4", BORN4, STORE4);
    batchRecords(store, "batch-v6", BORN6, STORE6);
    blank(store);
  }

  static void record(DefaultMessageStore store, String name, String shows, MessageExtBrokerInner message) throws Exception {
    PutMessageResult result = store.getCommitLog().putMessage(message);
    if (result.getPutMessageStatus() != PutMessageStatus.PUT_OK) throw new IllegalStateException(name + ": " + result);
    recordAt(store, name, shows, PUT, result.getAppendMessageResult().getWroteOffset());
  }

  static int recordAt(DefaultMessageStore store, String name, String shows, String how, long offset) throws Exception {
    byte[] bytes = bytes(store.selectOneMessageByOffset(offset).getByteBuffer());
    put("records", name, shows, how, map("hex", hex(bytes), "value", recordValue(bytes), "match", "bytes"));
    return bytes.length;
  }

  static Map<String, Object> recordValue(byte[] bytes) {
    MessageExt m = MessageDecoder.decode(ByteBuffer.wrap(bytes), true, false);
    return map("totalSize", m.getStoreSize(), "bodyCrc", m.getBodyCRC(), "queueId", m.getQueueId(), "flag", m.getFlag(),
      "queueOffset", m.getQueueOffset(), "phyOffset", m.getCommitLogOffset(), "sysFlag", m.getSysFlag(),
      "bornTimestamp", m.getBornTimestamp(), "bornHost", host(m.getBornHost()), "storeTimestamp", m.getStoreTimestamp(),
      "storeHost", host(m.getStoreHost()), "reconsumeTimes", m.getReconsumeTimes(),
      "preparedTransactionOffset", m.getPreparedTransactionOffset(), "bodyHex", hex(m.getBody() == null ? new byte[0] : m.getBody()),
      "topic", m.getTopic(), "properties", m.getProperties() == null ? map() : new TreeMap<>(m.getProperties()), "offsetMsgId", m.getMsgId());
  }

  static String host(java.net.SocketAddress address) {
    InetSocketAddress each = (InetSocketAddress) address;
    return each.getAddress().getHostAddress() + " " + each.getPort();
  }

  static List<Message> members() {
    List<Message> members = new ArrayList<>();
    Message first = new Message("TopicTest", "TagB", "k1", utf8("b1"));
    first.setFlag(9);
    members.add(first);
    members.add(new Message("TopicTest", utf8("b22")));
    Message third = new Message("TopicTest", "订单", new byte[0]);
    third.putUserProperty("farbe", "grün");
    members.add(third);
    return members;
  }

  static void batchRecords(DefaultMessageStore store, String name, InetSocketAddress born, InetSocketAddress host) throws Exception {
    MessageExtBatch batch = new MessageExtBatch();
    batch.setTopic("TopicTest");
    batch.setQueueId(2);
    batch.setBornTimestamp(1500000000000L);
    batch.setBornHost(born);
    batch.setStoreHost(host);
    batch.setReconsumeTimes(0);
    batch.setBody(MessageDecoder.encodeMessages(members()));
    PutMessageResult result = store.getCommitLog().putMessages(batch);
    if (result.getPutMessageStatus() != PutMessageStatus.PUT_OK) throw new IllegalStateException(name + ": " + result);
    long offset = result.getAppendMessageResult().getWroteOffset();
    for (int i = 0; i < 3; i++) {
      offset += recordAt(store, name + "-" + i, "member " + i + " of a batch", PUT.replace("putMessage", "putMessages"), offset);
    }
  }

  static void blank(DefaultMessageStore store) throws Exception {
    long end = store.getMaxPhyOffset();
    long start = end;
    while (start / 32768 == end / 32768) {
      end = store.getMaxPhyOffset();
      start = store.getCommitLog().putMessage(message("TopicTest", new byte[3000])).getAppendMessageResult().getWroteOffset();
    }
    ByteBuffer head = store.getCommitLog().getData(end).getByteBuffer();
    byte[] bytes = new byte[8];
    head.duplicate().get(bytes);
    put("records", "blank", "the head of the record that fills a file", PUT.replace("selectOneMessageByOffset", "CommitLog#getData"),
      map("hex", hex(bytes), "value", map("blankSize", 32768 - end % 32768), "match", "bytes"));
  }

  // ---- what recovery says about damaged records ---------------------------------------------------------------------

  static void checks() throws Exception {
    DefaultMessageStore store = newStore();
    long offset = store.getCommitLog().putMessage(message("TopicTest", utf8("hello"), "TAGS", "TagA")).getAppendMessageResult().getWroteOffset();
    byte[] good = bytes(store.selectOneMessageByOffset(offset).getByteBuffer());
    byte[] two = Arrays.copyOf(good, good.length + 40);
    List<Object> samples = new ArrayList<>();
    int[][] changes = {{}, {0, 1}, {2, 1}, {3, 1}, {3, 255}, {4, 0}, {8, 1}, {12, 9}, {36, 0x7f}, {39, 0x10}, {39, 0x20}, {39, 0x30},
      {84, 0x80}, {84, 0x7f}, {87, 4}, {87, 6}, {87, 60}, {88, 1}, {93, 0x80}, {93, 0}, {93, 8}, {93, 10}, {103, 0x80}, {104, 9}, {104, 11}, {104, 50}};
    for (int[] change : changes) {
      byte[] bytes = two.clone();
      if (change.length == 2) bytes[change[0]] = (byte) change[1];
      for (boolean crc : new boolean[] {true, false}) samples.add(check(store, bytes, crc));
    }
    for (int length : new int[] {0, 4, 8, 50, 88, 95, good.length - 1}) samples.add(check(store, Arrays.copyOf(good, length), true));
    samples.add(check(store, new byte[64], true));
    byte[] blank = new byte[20];
    ByteBuffer.wrap(blank).putInt(20).putInt(0xcbd43194);
    samples.add(check(store, blank, true));
    put("checks", "damaged", "which bytes recovery takes for a record; size as Java reports it (0 = blank, −1 = unreadable)",
      "CommitLog#checkMessageAndReturnSize(buffer, checkCRC, true) of 4.6.0", map("samples", samples, "match", "value"));
  }

  static Map<String, Object> check(DefaultMessageStore store, byte[] bytes, boolean crc) {
    DispatchRequest request = store.getCommitLog().checkMessageAndReturnSize(ByteBuffer.wrap(bytes), crc, true);
    return map("hex", hex(bytes), "checkCrc", crc, "success", request.isSuccess(), "size", request.getMsgSize());
  }

  // ---- batches, properties, ids, hashes -----------------------------------------------------------------------------

  static void batches() throws Exception {
    batch("three", "flag, tags, empty body, UTF-8", members());
    Message wait = new Message("T", utf8("b1"));
    wait.setWaitStoreMsgOK(true);
    batch("one", "a batch of one", List.of(wait));
  }

  static void batch(String name, String shows, List<Message> members) throws Exception {
    List<Object> value = new ArrayList<>();
    for (Message m : members) {
      value.add(map("flag", m.getFlag(), "bodyHex", hex(m.getBody()), "propertiesHex",
        hex(utf8(MessageDecoder.messageProperties2String(m.getProperties())))));
    }
    put("batches", name, shows, "MessageDecoder#encodeMessages of 4.6.0",
      map("hex", hex(MessageDecoder.encodeMessages(members)), "value", value, "match", "bytes"));
  }

  static void properties() throws Exception {
    String[] texts = {"", "a=1;b=;c=2=3;=x;d=4", "a=1;a=2;", "a=1==;b=2", "==v;", "a==v;", "a;=;==;;;", "noend=v", ";;k=v;;",
      "订单=值;", "KEYS=k1 k2;TAGS=TagA;", "=;", "a=b=;", "==;", "a=\uD83D\uDE00;", " a = b ;", "a=null;"};
    List<Object> samples = new ArrayList<>();
    for (String text : texts) {
      String raw = text.replace('=', NAME_END).replace(';', PAIR_END);
      samples.add(map("hex", hex(utf8(raw)), "value", new TreeMap<>(MessageDecoder.string2messageProperties(raw))));
    }
    put("texts", "properties", "properties text with traps", "MessageDecoder#string2messageProperties of 4.6.0",
      map("samples", samples, "match", "value"));
    Map<String, String> full = new LinkedHashMap<>();
    full.put("KEYS", "k");
    full.put("empty", "");
    full.put("none", null);
    put("texts", "properties-written", "empty and null values", "MessageDecoder#messageProperties2String of 4.6.0",
      map("hex", hex(utf8(MessageDecoder.messageProperties2String(full))), "value", full, "match", "bytes"));
  }

  static void texts() throws Exception {
    List<Object> hashes = new ArrayList<>();
    String[] hex = {"", "54616741", "54616742", "e8aea2e58d95", "f09f9880", hex(utf8("polygenelubricants")), "41eda08042", "eda0",
      "eda041", "eda0bdedb880", "c080", "c1bf", "e0808041", "e4b8", "e4b841", "e4", "f09041", "f0908041", "f0909041", "f090", "f09090",
      "f0909090", "f4908080", "f5808080", "ff80", "80", "bf41", "f8888080", "f0808080", "c3", "c341", "e282ac", "efbfbd", "f48fbfbf"};
    for (String each : hex) {
      byte[] bytes = new byte[each.length() / 2];
      for (int i = 0; i < bytes.length; i++) bytes[i] = (byte) Integer.parseInt(each.substring(2 * i, 2 * i + 2), 16);
      String text = new String(bytes, StandardCharsets.UTF_8);
      hashes.add(map("hex", each, "value", text.hashCode()));
    }
    put("texts", "hashes", "String.hashCode of decoded UTF-8, malformed included", "new String(bytes, UTF_8).hashCode(), Java 17",
      map("samples", hashes, "match", "value"));
    List<Object> crcs = new ArrayList<>();
    for (int length : new int[] {0, 1, 2, 7, 8, 9, 255, 256, 257, 1000}) {
      byte[] bytes = new byte[length];
      for (int i = 0; i < length; i++) bytes[i] = (byte) (i * 31 + length);
      crcs.add(map("hex", hex(bytes), "value", UtilAll.crc32(bytes)));
    }
    put("texts", "crc", "body CRC", "UtilAll#crc32 of 4.6.0", map("samples", crcs, "match", "value"));
    List<Object> ids = new ArrayList<>();
    for (InetSocketAddress host : new InetSocketAddress[] {BORN4, STORE4, BORN6, STORE6, address("255.255.255.255", 65535)}) {
      for (long offset : new long[] {0, 198, 1000, 4294967296L, 9007199254740991L}) {
        ids.add(map("host", host(host), "phyOffset", offset, "value", MessageDecoder.createMessageId(host, offset)));
      }
    }
    put("texts", "offset-ids", "offset message ids", "MessageDecoder#createMessageId of 4.6.0", map("samples", ids, "match", "bytes"));
    String unique = MessageClientIDSetter.createUniqID();
    put("texts", "unique-id", "a client's own message id", "MessageClientIDSetter#createUniqID of 4.6.0",
      map("text", unique, "value", map("ip", MessageClientIDSetter.getIPStrFromID(unique)), "match", "value"));
    List<Object> perms = new ArrayList<>();
    for (int perm = 0; perm < 16; perm++) {
      perms.add(map("perm", perm, "value", org.apache.rocketmq.common.constant.PermName.perm2String(perm)));
    }
    put("texts", "perms", "permission bits as text", "PermName#perm2String of 4.6.0", map("samples", perms, "match", "value"));
    List<Object> escapes = new ArrayList<>();
    for (int c = 0; c < 0x10000; c++) {
      String json = JSON.toJSONString(String.valueOf((char) c));
      if (json.length() != 3) escapes.add(map("code", c, "value", json));
    }
    put("texts", "json-escapes", "every character that is escaped in strings", "JSON#toJSONString of FastJSON 1.2.61",
      map("samples", escapes, "match", "value"));
  }

  // ---- JSON bodies --------------------------------------------------------------------------------------------------

  static SubscriptionData subscription() throws Exception {
    SubscriptionData data = FilterAPI.buildSubscriptionData("cg", "TopicTest", "TagA || TagB");
    data.setSubVersion(1795352538957L);
    return data;
  }

  static TopicConfig topic(String name, int read, int write, int perm) {
    return new TopicConfig(name, read, write, perm);
  }

  static DataVersion version(long counter, long timestamp) {
    DataVersion version = new DataVersion();
    version.setCounter(new java.util.concurrent.atomic.AtomicLong(counter));
    version.setTimestamp(timestamp);
    return version;
  }

  static TopicConfigSerializeWrapper topics() {
    TopicConfigSerializeWrapper wrapper = new TopicConfigSerializeWrapper();
    ConcurrentMap<String, TopicConfig> table = new ConcurrentHashMap<>();
    TopicConfig order = topic("Order", 1, 1, 6);
    order.setOrder(true);
    order.setTopicFilterType(TopicFilterType.MULTI_TAG);
    order.setTopicSysFlag(3);
    table.put("Order", order);
    table.put("TBW102", topic("TBW102", 8, 8, 7));
    table.put("%RETRY%cg", topic("%RETRY%cg", 1, 1, 6));
    wrapper.setTopicConfigTable(table);
    wrapper.setDataVersion(version(3, 1795352551170L));
    return wrapper;
  }

  static SubscriptionGroupWrapper groups() {
    SubscriptionGroupWrapper wrapper = new SubscriptionGroupWrapper();
    ConcurrentHashMap<String, SubscriptionGroupConfig> table = new ConcurrentHashMap<>();
    for (String name : new String[] {"cg", "TOOLS_CONSUMER"}) {
      SubscriptionGroupConfig config = new SubscriptionGroupConfig();
      config.setGroupName(name);
      table.put(name, config);
    }
    table.get("cg").setConsumeEnable(false);
    table.get("cg").setRetryMaxTimes(3);
    wrapper.setSubscriptionGroupTable(table);
    wrapper.setDataVersion(version(2, 1795354365401L));
    return wrapper;
  }

  static ConsumerOffsetSerializeWrapper offsets() {
    ConsumerOffsetSerializeWrapper wrapper = new ConsumerOffsetSerializeWrapper();
    ConcurrentMap<String, ConcurrentMap<Integer, Long>> table = new ConcurrentHashMap<>();
    ConcurrentMap<Integer, Long> queues = new ConcurrentHashMap<>();
    queues.put(0, 3L);
    queues.put(3, 0L);
    queues.put(1, 9007199254740991L);
    table.put("TopicTest@cg", queues);
    table.put("%RETRY%cg@cg", new ConcurrentHashMap<>());
    wrapper.setOffsetTable(table);
    return wrapper;
  }

  static MessageQueue queue(int id) {
    return new MessageQueue("TopicTest", "broker-a", id);
  }

  static HashMap<Long, String> addresses() {
    HashMap<Long, String> map = new HashMap<>();
    map.put(0L, "127.0.0.1:10911");
    map.put(1L, "127.0.0.1:20911");
    return map;
  }

  static TopicRouteData route(String orderConf) {
    TopicRouteData route = new TopicRouteData();
    QueueData queue = new QueueData();
    queue.setBrokerName("broker-a");
    queue.setPerm(6);
    queue.setReadQueueNums(4);
    queue.setWriteQueueNums(4);
    route.setQueueDatas(new ArrayList<>(List.of(queue)));
    route.setBrokerDatas(new ArrayList<>(List.of(new BrokerData("DefaultCluster", "broker-a", addresses()))));
    route.setFilterServerTable(new HashMap<>());
    route.setOrderTopicConf(orderConf);
    return route;
  }

  static void bodies() throws Exception {
    HeartbeatData heartbeat = new HeartbeatData();
    heartbeat.setClientID("127.0.0.1@4711");
    ConsumerData consumer = new ConsumerData();
    consumer.setGroupName("cg");
    consumer.setConsumeType(ConsumeType.CONSUME_PASSIVELY);
    consumer.setMessageModel(MessageModel.CLUSTERING);
    consumer.setConsumeFromWhere(ConsumeFromWhere.CONSUME_FROM_LAST_OFFSET);
    consumer.getSubscriptionDataSet().add(subscription());
    consumer.getSubscriptionDataSet().add(FilterAPI.build("%RETRY%cg", "*", null));
    for (SubscriptionData each : consumer.getSubscriptionDataSet()) each.setSubVersion(1795352538957L);
    heartbeat.getConsumerDataSet().add(consumer);
    ProducerData producer = new ProducerData();
    producer.setGroupName("pg");
    heartbeat.getProducerDataSet().add(producer);
    body("HeartbeatData", "heartbeat", "a consumer and a producer group", heartbeat);
    body("HeartbeatData", "heartbeat-empty", "no groups, no client id", new HeartbeatData());
    SubscriptionData sql = FilterAPI.build("TopicTest", "a > 5 and b = 'x'", "SQL92");
    sql.setSubVersion(1);
    body("SubscriptionData", "subscription-sql", "an SQL subscription", sql);
    body("SubscriptionData", "subscription-tags", "two tags", subscription());
    CheckClientRequestBody check = new CheckClientRequestBody();
    check.setClientId("c");
    check.setGroup("cg");
    check.setSubscriptionData(sql);
    body("CheckClientRequestBody", "check-client", "code 46", check);
    LockBatchRequestBody lock = new LockBatchRequestBody();
    lock.setClientId("c");
    lock.setConsumerGroup("cg");
    lock.getMqSet().add(queue(0));
    lock.getMqSet().add(queue(1));
    body("LockBatchRequestBody", "lock", "two queues", lock);
    body("LockBatchRequestBody", "lock-empty", "nothing set", new LockBatchRequestBody());
    UnlockBatchRequestBody unlock = new UnlockBatchRequestBody();
    unlock.setConsumerGroup("cg");
    unlock.getMqSet().add(queue(3));
    body("UnlockBatchRequestBody", "unlock", "no client id", unlock);
    LockBatchResponseBody locked = new LockBatchResponseBody();
    locked.getLockOKMQSet().add(queue(2));
    body("LockBatchResponseBody", "locked", "what is locked", locked);
    GetConsumerListByGroupResponseBody ids = new GetConsumerListByGroupResponseBody();
    ids.setConsumerIdList(List.of("127.0.0.1@1", "127.0.0.1@2"));
    body("GetConsumerListByGroupResponseBody", "consumer-ids", "two clients", ids);
    body("TopicConfig", "topic-default", "defaults of a topic", new TopicConfig("T"));
    body("SubscriptionGroupConfig", "group-default", "defaults of a group", new SubscriptionGroupConfig());
    body("DataVersion", "data-version", "counter and time", version(1, 1795352539990L));
    body("TopicConfigSerializeWrapper", "topics", "code 21", topics());
    body("SubscriptionGroupWrapper", "groups", "code 201", groups());
    body("ConsumerOffsetSerializeWrapper", "offsets", "code 43: bare integer keys, an empty map", offsets());
    body("TopicRouteData", "route", "code 105: bare long keys, no order configuration", route(null));
    body("TopicRouteData", "route-ordered", "with order configuration and a filter server", filtered(route("broker-a:4")));
    ClusterInfo cluster = new ClusterInfo();
    cluster.setBrokerAddrTable(new HashMap<>(Map.of("broker-a", new BrokerData("DefaultCluster", "broker-a", addresses()))));
    cluster.setClusterAddrTable(new HashMap<>(Map.of("DefaultCluster", new HashSet<>(Set.of("broker-a")))));
    body("ClusterInfo", "cluster", "code 106", cluster);
    KVTable table = new KVTable();
    table.getTable().put("putTps", "1.5 2.5 3.5");
    table.getTable().put("runtime", "[ 0 days ] \"quoted\" \\ / \u0001\u007f\u0085\u2028 订单 \uD83D\uDE00\n");
    body("KVTable", "kv-table", "code 28; escapes", table);
    TopicList list = new TopicList();
    list.getTopicList().add("T1");
    list.getTopicList().add("T2");
    body("TopicList", "topic-list", "code 206", list);
    list = new TopicList();
    list.setBrokerAddr("127.0.0.1:10911");
    body("TopicList", "topic-list-address", "code 304", list);
    OffsetMovedEvent moved = new OffsetMovedEvent();
    moved.setConsumerGroup("cg");
    moved.setMessageQueue(queue(1));
    moved.setOffsetRequest(3);
    moved.setOffsetNew(Long.MAX_VALUE);
    body("OffsetMovedEvent", "offset-moved", "an offset at the end of long", moved);
    ConsumeStats stats = new ConsumeStats();
    OffsetWrapper offset = new OffsetWrapper();
    offset.setBrokerOffset(5);
    offset.setConsumerOffset(3);
    offset.setLastTimestamp(1795352539990L);
    stats.getOffsetTable().put(queue(1), offset);
    stats.getOffsetTable().put(queue(2), new OffsetWrapper());
    stats.setConsumeTps(0.3333333333333333);
    body("ConsumeStats", "consume-stats", "code 208: object keys", stats);
    stats.setConsumeTps(Double.NaN);
    body("ConsumeStats", "consume-stats-nan", "NaN is written as null", stats);
    RegisterBrokerBody register = new RegisterBrokerBody();
    register.setTopicConfigSerializeWrapper(topics());
    register.setFilterServerList(new ArrayList<>(List.of("127.0.0.1:30000")));
    body("RegisterBrokerBody", "register", "code 103, not compressed", register);
    org.apache.rocketmq.namesrv.kvconfig.KVConfigSerializeWrapper kv = new org.apache.rocketmq.namesrv.kvconfig.KVConfigSerializeWrapper();
    kv.setConfigTable(new HashMap<>(Map.of("ORDER_TOPIC_CONFIG", new HashMap<>(Map.of("TopicTest", "broker-a:4")), "empty", new HashMap<>())));
    body("KVConfigSerializeWrapper", "kv-config", "the name server's file", kv);
  }

  static TopicRouteData filtered(TopicRouteData route) {
    route.getFilterServerTable().put("127.0.0.1:10911", new ArrayList<>(List.of("127.0.0.1:30000")));
    return route;
  }

  /** The value is the same object with quoted map keys: standard JSON. */
  static void body(String type, String name, String shows, Object object) throws Exception {
    String standard = JSON.toJSONString(object, SerializerFeature.WriteNonStringKeyAsString);
    put("bodies", name, shows, "RemotingSerializable#toJson(object, false) of 4.6.0 (FastJSON 1.2.61)",
      map("type", type, "pretty", false, "text", RemotingSerializable.toJson(object, false),
        "standardText", standard, "match", "bytes"));
  }

  static void prettyBodies() throws Exception {
    Object[][] all = {{"TopicConfigSerializeWrapper", "topics", topics()}, {"SubscriptionGroupWrapper", "groups", groups()},
      {"ConsumerOffsetSerializeWrapper", "offsets", offsets()}, {"TopicRouteData", "route", route(null)},
      {"LockBatchRequestBody", "lock-empty", new LockBatchRequestBody()}, {"TopicList", "topic-list", new TopicList()},
      {"ProducerData", "producer-empty", new ProducerData()}};
    for (Object[] each : all) {
      put("bodies", each[1] + "-pretty", "pretty form", "RemotingSerializable#toJson(object, true) of 4.6.0 (FastJSON 1.2.61)",
        map("type", each[0], "pretty", true, "text", RemotingSerializable.toJson(each[2], true),
          "standardText", JSON.toJSONString(each[2], SerializerFeature.WriteNonStringKeyAsString), "match", "bytes"));
    }
  }

  static void registrations() throws Exception {
    RegisterBrokerBody register = new RegisterBrokerBody();
    register.setTopicConfigSerializeWrapper(topics());
    register.setFilterServerList(new ArrayList<>(List.of("127.0.0.1:30000", "127.0.0.1:30001")));
    byte[] bytes = register.encode(true);
    RegisterBrokerBody decoded = RegisterBrokerBody.decode(bytes, true);
    put("registrations", "compressed", "compressed registration; order and topicSysFlag are lost on the way",
      "RegisterBrokerBody#encode(true) of 4.6.0; the value is what RegisterBrokerBody#decode gives",
      map("hex", hex(bytes), "value", JSON.parse(JSON.toJSONString(decoded)), "match", "value"));
  }

  // ---- commands -----------------------------------------------------------------------------------------------------

  static final Object[][] REQUESTS = {
    {10, SendMessageRequestHeader.class, SendMessageResponseHeader.class},
    {11, PullMessageRequestHeader.class, PullMessageResponseHeader.class},
    {12, QueryMessageRequestHeader.class, QueryMessageResponseHeader.class},
    {14, QueryConsumerOffsetRequestHeader.class, QueryConsumerOffsetResponseHeader.class},
    {15, UpdateConsumerOffsetRequestHeader.class, UpdateConsumerOffsetResponseHeader.class},
    {17, CreateTopicRequestHeader.class, null}, {21, null, GetAllTopicConfigResponseHeader.class}, {25, null, null},
    {26, null, GetBrokerConfigResponseHeader.class}, {28, null, null},
    {29, SearchOffsetRequestHeader.class, SearchOffsetResponseHeader.class},
    {30, GetMaxOffsetRequestHeader.class, GetMaxOffsetResponseHeader.class},
    {31, GetMinOffsetRequestHeader.class, GetMinOffsetResponseHeader.class},
    {32, GetEarliestMsgStoretimeRequestHeader.class, GetEarliestMsgStoretimeResponseHeader.class},
    {33, ViewMessageRequestHeader.class, ViewMessageResponseHeader.class}, {34, null, null},
    {35, UnregisterClientRequestHeader.class, UnregisterClientResponseHeader.class},
    {36, ConsumerSendMsgBackRequestHeader.class, null}, {37, EndTransactionRequestHeader.class, EndTransactionResponseHeader.class},
    {38, GetConsumerListByGroupRequestHeader.class, GetConsumerListByGroupResponseHeader.class},
    {39, CheckTransactionStateRequestHeader.class, null}, {40, NotifyConsumerIdsChangedRequestHeader.class, null},
    {41, null, null}, {42, null, null}, {43, null, null}, {45, null, null}, {46, null, null},
    {50, CreateAccessConfigRequestHeader.class, null}, {51, DeleteAccessConfigRequestHeader.class, null},
    {52, null, GetBrokerAclConfigResponseHeader.class}, {53, UpdateGlobalWhiteAddrsConfigRequestHeader.class, null},
    {54, null, null},
    {100, PutKVConfigRequestHeader.class, null}, {101, GetKVConfigRequestHeader.class, GetKVConfigResponseHeader.class},
    {102, DeleteKVConfigRequestHeader.class, null}, {103, RegisterBrokerRequestHeader.class, RegisterBrokerResponseHeader.class},
    {104, UnRegisterBrokerRequestHeader.class, null}, {105, GetRouteInfoRequestHeader.class, null}, {106, null, null},
    {200, null, null}, {201, null, null}, {202, GetTopicStatsInfoRequestHeader.class, null},
    {203, GetConsumerConnectionListRequestHeader.class, null}, {204, GetProducerConnectionListRequestHeader.class, null},
    {205, WipeWritePermOfBrokerRequestHeader.class, WipeWritePermOfBrokerResponseHeader.class}, {206, null, null},
    {207, DeleteSubscriptionGroupRequestHeader.class, null}, {208, GetConsumeStatsRequestHeader.class, null},
    {215, DeleteTopicRequestHeader.class, null}, {216, DeleteTopicInNamesrvRequestHeader.class, null},
    {219, GetKVListByNamespaceRequestHeader.class, null}, {220, ResetOffsetRequestHeader.class, null},
    {221, GetConsumerStatusRequestHeader.class, null}, {222, ResetOffsetRequestHeader.class, null},
    {223, GetConsumerStatusRequestHeader.class, null}, {224, GetTopicsByClusterRequestHeader.class, null},
    {300, QueryTopicConsumeByWhoRequestHeader.class, null},
    {301, RegisterFilterServerRequestHeader.class, RegisterFilterServerResponseHeader.class},
    {302, RegisterMessageFilterClassRequestHeader.class, null}, {303, QueryConsumeTimeSpanRequestHeader.class, null},
    {304, null, null}, {305, null, null}, {306, null, null}, {307, GetConsumerRunningInfoRequestHeader.class, null},
    {308, QueryCorrectionOffsetHeader.class, null}, {309, ConsumeMessageDirectlyResultRequestHeader.class, null},
    {310, SendMessageRequestHeaderV2.class, SendMessageResponseHeader.class}, {311, null, null}, {312, null, null}, {313, null, null},
    {314, CloneGroupOffsetRequestHeader.class, null}, {315, ViewBrokerStatsDataRequestHeader.class, null}, {316, null, null},
    {317, GetConsumeStatsInBrokerHeader.class, null}, {318, null, null}, {319, null, null},
    {320, SendMessageRequestHeaderV2.class, SendMessageResponseHeader.class}, {321, QueryConsumeQueueRequestHeader.class, null},
    {322, QueryDataVersionRequestHeader.class, QueryDataVersionResponseHeader.class},
    {323, ResumeCheckHalfMessageRequestHeader.class, null}, {324, SendMessageRequestHeader.class, SendMessageResponseHeader.class},
    {325, SendMessageRequestHeaderV2.class, SendMessageResponseHeader.class}, {326, ReplyMessageRequestHeader.class, null}};

  static void commands() throws Exception {
    Map<Integer, String> names = new HashMap<>();
    for (Field field : RequestCode.class.getFields()) names.put(field.getInt(null), field.getName());
    for (Object[] row : REQUESTS) {
      int code = (Integer) row[0];
      String name = code + "-" + names.get(code).toLowerCase().replace('_', '-');
      for (SerializeType type : SerializeType.values()) {
        for (boolean full : row[1] == null ? new boolean[] {false} : new boolean[] {true, false}) {
          CommandCustomHeader header = row[1] == null ? null : filled((Class<?>) row[1], full);
          RemotingCommand request = RemotingCommand.createRequestCommand(code, header);
          if (full) request.setBody(utf8("body"));
          command(name + (row[1] == null ? "" : full ? "-full" : "-required"), "request " + names.get(code), request, row[1], type);
        }
        if (row[2] == null) continue;
        for (boolean full : new boolean[] {true, false}) {
          command(name + (full ? "-response" : "-response-empty"), "response of " + names.get(code), response((Class<?>) row[2], full), row[2], type);
        }
      }
    }
    for (SerializeType type : SerializeType.values()) shapes(type);
  }

  static void shapes(SerializeType type) throws Exception {
    RemotingCommand plain = RemotingCommand.createResponseCommand(17, "No topic route info in name server for the topic: T\nSee http://rocketmq.apache.org/docs/faq/ for further details.");
    command("shape-error-response", "an error with a remark of two lines and no extFields", plain, null, type);
    RemotingCommand escaped = RemotingCommand.createResponseCommand(1, "\"quoted\" \\ / \b\f\t\r\n \u0000\u0001\u001f\u007f\u0085\u2028\u2029 订单 \uD83D\uDE00");
    escaped.addExtField("key \"\n订", "value \u0001\u0002 \uD83D\uDE00");
    command("shape-escapes", "every kind of escape in remark, key and value", escaped, null, type);
    RemotingCommand oneway = RemotingCommand.createRequestCommand(15, filled(UpdateConsumerOffsetRequestHeader.class, true));
    oneway.markOnewayRPC();
    command("shape-oneway", "oneway request: flag 2", oneway, UpdateConsumerOffsetRequestHeader.class, type);
    RemotingCommand empty = RemotingCommand.createResponseCommand(0, "");
    empty.addExtField("empty", "");
    command("shape-empty-texts", "empty remark and empty value", empty, null, type);
    RemotingCommand other = RemotingCommand.createRequestCommand(34, null);
    other.setLanguage(LanguageCode.GO);
    other.setVersion(317);
    other.setOpaque(Integer.MIN_VALUE);
    other.setBody(new byte[] {0, 1, 2, (byte) 0xff});
    command("shape-go-client", "another language and version, a negative opaque, a binary body", other, null, type);
  }

  static RemotingCommand response(Class<?> type, boolean full) throws Exception {
    @SuppressWarnings("unchecked")
    Class<? extends CommandCustomHeader> header = (Class<? extends CommandCustomHeader>) type;
    RemotingCommand response = RemotingCommand.createResponseCommand(0, full ? "FOUND" : null, header);
    if (full) fill(response.readCustomHeader(), true);
    return response;
  }

  static CommandCustomHeader filled(Class<?> type, boolean full) throws Exception {
    CommandCustomHeader header = (CommandCustomHeader) type.getDeclaredConstructor().newInstance();
    fill(header, full);
    return header;
  }

  static void fill(Object header, boolean full) throws Exception {
    int number = 3;
    for (Field field : header.getClass().getDeclaredFields()) {
      if (Modifier.isStatic(field.getModifiers())) continue;
      field.setAccessible(true);
      boolean required = field.isAnnotationPresent(CFNotNull.class);
      if (!full && (!required || field.getType().isPrimitive())) continue;
      Class<?> type = field.getType();
      number++;
      if (type == String.class) field.set(header, textFor(field.getName(), full));
      else if (type == Integer.class || type == int.class) field.set(header, field.getName().equals("commitOrRollback") ? 8 : number);
      else if (type == Long.class || type == long.class) field.set(header, 1500000000000L + number);
      else if (type == Boolean.class || type == boolean.class) field.set(header, true);
      else if (type == Double.class || type == double.class) field.set(header, 0.5);
      else throw new IllegalStateException(header.getClass() + " " + field);
    }
  }

  static String textFor(String field, boolean full) {
    if (field.equals("topicFilterType")) return "SINGLE_TAG";
    if (field.equals("topic") || field.equals("b")) return "TopicTest";
    if (field.equals("properties") || field.equals("i")) {
      return "KEYS" + NAME_END + "k1" + PAIR_END + "TAGS" + NAME_END + "订单" + PAIR_END + "WAIT" + NAME_END + "true" + PAIR_END;
    }
    return full ? field + " \"é订\\\n" : field;
  }

  static void command(String name, String shows, RemotingCommand command, Object header, SerializeType type) throws Exception {
    if (command.getOpaque() >= 0) command.setOpaque(7);
    command.setSerializeTypeCurrentRPC(type);
    byte[] frame = bytes(command.encode());
    RemotingCommand read = RemotingCommand.decode(ByteBuffer.wrap(frame, 4, frame.length - 4).slice());
    Map<String, Object> value = map("serializeType", type.name(), "code", read.getCode(), "language", read.getLanguage().name(),
      "version", read.getVersion(), "opaque", read.getOpaque(), "flag", read.getFlag(), "remark", read.getRemark(),
      "extFields", read.getExtFields() == null ? null : new TreeMap<>(read.getExtFields()),
      "bodyHex", read.getBody() == null ? null : hex(read.getBody()));
    put("commands", name + "-" + type.name().toLowerCase(), shows, "RemotingCommand#encode of 4.6.0; the value is what RemotingCommand#decode gives",
      map("headerClass", header == null ? null : ((Class<?>) header).getSimpleName(), "hex", hex(frame), "value", value, "match", "value"));
  }

  // ---- numbers and leniency -----------------------------------------------------------------------------------------

  static void doubles() throws Exception {
    List<Object> samples = new ArrayList<>();
    double[] fixed = {0.0, -0.0, 1.0, -1.5, 1.0 / 3, 2.0 / 3, 0.001, 0.0009, 9999999.0, 1e7, 12345678.9, 1e10, 1e-9, 123456.789, 100.0,
      Double.MAX_VALUE, Double.MIN_VALUE, Double.MIN_NORMAL, 4294967296.0, 9007199254740993.0, 0.1, 0.7, 1.1, 33.333333333333336, 1e21, 1e22, 1e23};
    for (double each : fixed) samples.add(doubleSample(each));
    Random random = new Random(460);
    for (int i = 0; i < 60; i++) samples.add(doubleSample(random.nextInt(100000) / (double) (1 + random.nextInt(1000))));
    for (int i = 0; i < 40; i++) samples.add(doubleSample(random.nextDouble() * Math.pow(10, random.nextInt(12) - 4)));
    put("texts", "doubles", "doubles as text: quotients like the statistics print, and edges", "Double#toString, Java 17",
      map("samples", samples, "match", "value"));
  }

  static Map<String, Object> doubleSample(double value) {
    return map("bits", String.format("%016x", Double.doubleToRawLongBits(value)), "value", Double.toString(value));
  }

  static final String[] GENERIC = {"{a:1}", "{'a':1}", "{\"a\":1,}", "{,\"a\":1}", "{\"a\":1,,\"b\":2}", "[1,,2]", "[1,2,]", "[,1]", "{a:1}//x",
    "/*c*/{a:1}", "{a:/*x*/1}", "{a:1} x", "{a:1}{b:2}", "{a:NaN}", "{a:undefined}", "{a:Infinity}", "{a:01}", "{a:-0}", "{a:1.}", "{a:.5}", "{a:+1}",
    "{a:1e3}", "{a:1.5E3}", "{a:9223372036854775807}", "{a:-9223372036854775808}", "{a:1L}", "{a:1.5D}", "{a:0x1F}", "{a:'it\\'s'}", "{\"a\":\"\\q\"}",
    "{\"a\":\"\n\t\"}", "{\"a\":\"\\u00e9\\ud83d\\ude00\"}", "{\"a\":\"\\x41\\v\\0\\/\"}", "{0:5}", "{-1:5}", "{{\"x\":1}:5}", "{\"a\":TRUE}", "{\"a\":nul}",
    "{a b:1}", "{a-b:1}", "{$a:1}", "{a.b:1}", "{订:1}", "{\"a\":tru", "{\"a\":1", "{", "[", "\"a", "'a'", "1", "null", "true", "", " ", "\uFEFF{a:1}",
    "{\"a\":1 \"b\":2}", "{\"a\" 1}", "{\"a\"::1}", "{\"a\":1;\"b\":2}", "[1 2]", "{\"a\":\"b\"\"c\"}", "{\"a\":1,\"a\":2}", "{null:1}", "{true:1}", "{a:1e}",
    "{a:1-2}", "{a:1a}", "{a:1}\f\b", "{\u00a0a:1}", "{a:1.0}", "{a:1,/*x*/}", "[1,2", "{\"a\":[}", "{]", "[}", "{a:{b:{c:[{d:1}]}}}"};

  static final String[] TYPED = {"{\"perm\":\"5\"}", "{\"perm\":null}", "{\"perm\":\"\"}", "{\"perm\":true}", "{\"perm\":1.7}", "{\"perm\":1e2}", "{\"perm\":\"x\"}",
    "{\"perm\":[]}", "{\"perm\":{}}", "{\"perm\":4294967297}", "{\"perm\":\"null\"}", "{\"perm\":\"1,000\"}", "{\"order\":1}", "{\"order\":0}", "{\"order\":2}",
    "{\"order\":\"true\"}", "{\"order\":\"TRUE\"}", "{\"order\":\"1\"}", "{\"order\":\"Y\"}", "{\"order\":\"x\"}", "{\"order\":\"\"}", "{\"order\":null}", "{\"order\":[]}",
    "{\"topicName\":5}", "{\"topicName\":true}", "{\"topicName\":null}", "{\"topicName\":[1,\"x\"]}", "{\"topicFilterType\":\"MULTI_TAG\"}", "{\"topicFilterType\":1}",
    "{\"topicFilterType\":9}", "{\"topicFilterType\":\"multi_tag\"}", "{\"topicFilterType\":true}", "{\"PERM\":2}", "{\"read_queue_nums\":3}",
    "{\"unknown\":{\"x\":[1,{2:3}]},\"perm\":2}", "{perm:2}", "{'perm':2}", "{\"perm\":2,}", "{\"perm\":2,,\"order\":true}", "{\"perm\":/*a*/2}", "{\"perm\":NaN}",
    "{\"perm\":05}", "{\"perm\":+5}", "[1]", "\"x\"", "5", "{}", "{\"perm\":2}x"};

  static void leniency() throws Exception {
    List<Object> samples = new ArrayList<>();
    for (String text : GENERIC) {
      try {
        samples.add(map("text", text, "accepted", true, "standardText", JSON.toJSONString(JSON.parse(text), SerializerFeature.WriteMapNullValue, SerializerFeature.WriteNonStringKeyAsString)));
      } catch (RuntimeException e) {
        samples.add(map("text", text, "accepted", false));
      }
    }
    put("json", "generic", "what the parser takes and refuses", "JSON#parse of FastJSON 1.2.61", map("samples", samples, "match", "value"));
    samples = new ArrayList<>();
    for (String text : TYPED) {
      try {
        samples.add(map("text", text, "accepted", true, "standardText", JSON.toJSONString(JSON.parseObject(text, TopicConfig.class))));
      } catch (RuntimeException e) {
        samples.add(map("text", text, "accepted", false));
      }
    }
    put("json", "typed", "how values become properties of TopicConfig", "JSON#parseObject(text, TopicConfig) of FastJSON 1.2.61",
      map("samples", samples, "match", "value"));
  }
}
