// Drives the official Go client v2 against any name server and broker: one PASS or FAIL line per case and a total.
//
//	usage: compat-tests NAMESRV BROKER_ADDR BROKER_NAME [case,case...]
//
// The exit status is the number of failed cases.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sort"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/apache/rocketmq-client-go/v2"
	"github.com/apache/rocketmq-client-go/v2/admin"
	"github.com/apache/rocketmq-client-go/v2/consumer"
	"github.com/apache/rocketmq-client-go/v2/primitive"
	"github.com/apache/rocketmq-client-go/v2/producer"
	"github.com/apache/rocketmq-client-go/v2/rlog"
)

var (
	namesrv    string
	brokerAddr string
	brokerName string
	runID      = strconv.FormatInt(time.Now().UnixMilli()/100%100000000, 36)
	sequence   atomic.Int64
)

const caseLimit = 150 * time.Second

type testCase struct {
	name string
	run  func(t *env) error
}

var cases = []testCase{
	{"send-sync", sendSync},
	{"send-async", sendAsync},
	{"send-oneway", sendOneway},
	{"send-batch", sendBatch},
	{"auto-create-topic", autoCreateTopic},
	{"large-compressed-body", largeCompressedBody},
	{"push-concurrent", pushConcurrent},
	{"push-orderly", pushOrderly},
	{"tag-filter", tagFilter},
	{"tag-hash-collision", tagHashCollision},
	{"pull", pullFrom},
	{"poll", poll},
	{"broadcast", broadcast},
	{"namespace", namespaced},
	{"delay", delayed},
	{"retry", retried},
	{"retry-orderly", retriedInOrder},
	{"request-reply", requestReply},
	{"sql", sqlFilter},
	{"transaction", transaction},
}

func main() {
	if len(os.Args) < 4 {
		fmt.Println("usage: compat-tests NAMESRV BROKER_ADDR BROKER_NAME [case,case...]")
		os.Exit(2)
	}
	namesrv, brokerAddr, brokerName = os.Args[1], os.Args[2], os.Args[3]
	rlog.SetLogLevel("warn")
	only := map[string]bool{}
	if len(os.Args) > 4 {
		for _, name := range strings.Split(os.Args[4], ",") {
			only[name] = true
		}
	}
	var failed, passed atomic.Int64
	var all sync.WaitGroup
	for _, c := range cases {
		if len(only) > 0 && !only[c.name] {
			continue
		}
		all.Add(1)
		go func(c testCase) {
			defer all.Done()
			start := time.Now()
			err := runCase(c)
			took := time.Since(start).Milliseconds()
			if err != nil {
				failed.Add(1)
				fmt.Printf("FAIL %s: %s  [%d ms]\n", c.name, strings.ReplaceAll(err.Error(), "\n", " "), took)
				return
			}
			passed.Add(1)
			fmt.Printf("PASS %s  [%d ms]\n", c.name, took)
		}(c)
	}
	all.Wait()
	fmt.Printf("%d passed, %d failed\n", passed.Load(), failed.Load())
	os.Exit(int(failed.Load()))
}

// runCase ends a case that hangs and turns a panic into a failure.
func runCase(c testCase) error {
	t := &env{name: c.name}
	done := make(chan error, 1)
	go func() {
		defer func() {
			if r := recover(); r != nil {
				done <- fmt.Errorf("panic: %v", r)
			}
		}()
		done <- c.run(t)
	}()
	var err error
	select {
	case err = <-done:
	case <-time.After(caseLimit):
		err = errors.New("did not end in time")
	}
	t.close()
	return err
}

// env gives a case its own names and closes its clients.
type env struct {
	name    string
	mutex   sync.Mutex
	closers []func() error
}

func (t *env) id(kind string) string {
	return "go_" + runID + "_" + strings.ReplaceAll(t.name, "-", "_") + "_" + kind
}

func (t *env) instance() string {
	return fmt.Sprintf("%s-%s-%d", runID, t.name, sequence.Add(1))
}

func (t *env) onClose(f func() error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	t.closers = append(t.closers, f)
}

func (t *env) close() {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	closed := make(chan struct{})
	go func() {
		for i := len(t.closers) - 1; i >= 0; i-- {
			_ = t.closers[i]()
		}
		close(closed)
	}()
	select {
	case <-closed:
	case <-time.After(8 * time.Second):
	}
}

func (t *env) topic(queues int) (string, error) {
	return t.id("t"), createTopic(t.id("t"), queues)
}

func (t *env) producer(options ...producer.Option) (rocketmq.Producer, error) {
	p, err := rocketmq.NewProducer(append([]producer.Option{
		producer.WithNsResolver(primitive.NewPassthroughResolver([]string{namesrv})),
		producer.WithInstanceName(t.instance()),
		producer.WithGroupName(t.id("pg")),
		producer.WithSendMsgTimeout(8 * time.Second),
	}, options...)...)
	if err != nil {
		return nil, err
	}
	if err = p.Start(); err != nil {
		return nil, err
	}
	t.onClose(p.Shutdown)
	return p, nil
}

func (t *env) pullConsumer(topic string, options ...consumer.Option) (rocketmq.PullConsumer, error) {
	c, err := rocketmq.NewPullConsumer(append([]consumer.Option{
		consumer.WithNsResolver(primitive.NewPassthroughResolver([]string{namesrv})),
		consumer.WithInstance(t.instance()),
		consumer.WithGroupName(t.id("pull")),
		consumer.WithConsumeFromWhere(consumer.ConsumeFromFirstOffset),
	}, options...)...)
	if err != nil {
		return nil, err
	}
	if err = c.Subscribe(topic, consumer.MessageSelector{}); err != nil {
		return nil, err
	}
	if err = c.Start(); err != nil {
		return nil, err
	}
	t.onClose(c.Shutdown)
	return c, nil
}

type handler func(context.Context, ...*primitive.MessageExt) (consumer.ConsumeResult, error)

func (t *env) push(topic string, selector consumer.MessageSelector, f handler, options ...consumer.Option) error {
	c, err := rocketmq.NewPushConsumer(append([]consumer.Option{
		consumer.WithNsResolver(primitive.NewPassthroughResolver([]string{namesrv})),
		consumer.WithInstance(t.instance()),
		consumer.WithGroupName(t.id("g")),
		consumer.WithConsumeFromWhere(consumer.ConsumeFromFirstOffset),
	}, options...)...)
	if err != nil {
		return err
	}
	if err = c.Subscribe(topic, selector, f); err != nil {
		return err
	}
	if err = c.Start(); err != nil {
		return err
	}
	t.onClose(c.Shutdown)
	return nil
}

func createTopic(topic string, queues int) error {
	a, err := admin.NewAdmin(admin.WithResolver(primitive.NewPassthroughResolver([]string{namesrv})))
	if err != nil {
		return err
	}
	err = a.CreateTopic(context.Background(), admin.WithTopicCreate(topic), admin.WithBrokerAddrCreate(brokerAddr),
		admin.WithReadQueueNums(queues), admin.WithWriteQueueNums(queues))
	if err != nil {
		return err
	}
	return until(10*time.Second, "route of "+topic, func() bool {
		list, err := a.FetchAllTopicList(context.Background())
		if err != nil {
			return false
		}
		for _, name := range list.TopicList {
			if name == topic {
				return true
			}
		}
		return false
	})
}

// until waits for a condition that another side brings about.
func until(limit time.Duration, what string, ok func() bool) error {
	end := time.Now().Add(limit)
	for !ok() {
		if time.Now().After(end) {
			return fmt.Errorf("not within %s: %s", limit, what)
		}
		time.Sleep(50 * time.Millisecond)
	}
	return nil
}

func equal[T comparable](what string, want, got T) error {
	if want != got {
		return fmt.Errorf("%s: want %v, got %v", what, want, got)
	}
	return nil
}

// inbox collects what a listener gets.
type inbox struct {
	mutex    sync.Mutex
	messages []*primitive.MessageExt
}

func (b *inbox) receive(_ context.Context, messages ...*primitive.MessageExt) (consumer.ConsumeResult, error) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	b.messages = append(b.messages, messages...)
	return consumer.ConsumeSuccess, nil
}

func (b *inbox) all() []*primitive.MessageExt {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	return append([]*primitive.MessageExt{}, b.messages...)
}

func (b *inbox) distinct() int {
	bodies := map[string]bool{}
	for _, m := range b.all() {
		bodies[string(m.Body)] = true
	}
	return len(bodies)
}

// readAll pulls each queue from its start to the end it reports. Every queue must hold a message: at the end of a queue
// this client asks the broker to hold the pull for 20 s.
func readAll(c rocketmq.PullConsumer, topic string, queues int) ([]*primitive.MessageExt, error) {
	var messages []*primitive.MessageExt
	for id := 0; id < queues; id++ {
		queue := &primitive.MessageQueue{Topic: topic, BrokerName: brokerName, QueueId: id}
		for offset, end := int64(0), int64(1); offset < end; {
			result, err := c.PullFrom(context.Background(), queue, offset, 32)
			if err != nil {
				return nil, err
			}
			if result.Status == primitive.PullFound {
				messages = append(messages, result.GetMessageExts()...)
			}
			offset, end = result.NextBeginOffset, result.MaxOffset
		}
	}
	return messages, nil
}

func sendMany(p rocketmq.Producer, topic string, count int, shape func(i int, m *primitive.Message)) error {
	for i := 0; i < count; i++ {
		m := primitive.NewMessage(topic, []byte("m"+strconv.Itoa(i)))
		if shape != nil {
			shape(i, m)
		}
		result, err := p.SendSync(context.Background(), m)
		if err != nil {
			return err
		}
		if result.Status != primitive.SendOK {
			return fmt.Errorf("send status %d", result.Status)
		}
	}
	return nil
}

func sendSync(t *env) error {
	topic, err := t.topic(2)
	if err != nil {
		return err
	}
	p, err := t.producer()
	if err != nil {
		return err
	}
	next := map[int]int64{}
	for i := 0; i < 20; i++ {
		m := primitive.NewMessage(topic, []byte("m"+strconv.Itoa(i))).WithTag("T").WithKeys([]string{"k" + strconv.Itoa(i)})
		r, err := p.SendSync(context.Background(), m)
		if err != nil {
			return err
		}
		queue := r.MessageQueue.QueueId
		if err := errors.Join(
			equal("status", primitive.SendOK, r.Status),
			equal("offset id length", 32, len(r.OffsetMsgID)),
			equal("queue offset", next[queue], r.QueueOffset),
			equal("region", "DefaultRegion", r.RegionID),
		); err != nil {
			return err
		}
		next[queue] = r.QueueOffset + 1
	}
	return nil
}

func sendAsync(t *env) error {
	topic, err := t.topic(4)
	if err != nil {
		return err
	}
	p, err := t.producer()
	if err != nil {
		return err
	}
	answers := make(chan error, 50)
	for i := 0; i < 50; i++ {
		err := p.SendAsync(context.Background(), func(_ context.Context, r *primitive.SendResult, err error) {
			if err == nil && r.Status != primitive.SendOK {
				err = fmt.Errorf("status %d", r.Status)
			}
			answers <- err
		}, primitive.NewMessage(topic, []byte("a"+strconv.Itoa(i))))
		if err != nil {
			return err
		}
	}
	for i := 0; i < 50; i++ {
		select {
		case err := <-answers:
			if err != nil {
				return err
			}
		case <-time.After(20 * time.Second):
			return fmt.Errorf("%d callbacks missing", 50-i)
		}
	}
	return expectStored(t, topic, 4, 50)
}

func sendOneway(t *env) error {
	topic, err := t.topic(2)
	if err != nil {
		return err
	}
	p, err := t.producer()
	if err != nil {
		return err
	}
	for i := 0; i < 30; i++ {
		if err := p.SendOneWay(context.Background(), primitive.NewMessage(topic, []byte("o"+strconv.Itoa(i)))); err != nil {
			return err
		}
	}
	return expectStored(t, topic, 2, 30)
}

func expectStored(t *env, topic string, queues, count int) error {
	c, err := t.pullConsumer(topic)
	if err != nil {
		return err
	}
	return until(20*time.Second, fmt.Sprintf("%d stored messages", count), func() bool {
		messages, err := readAll(c, topic, queues)
		return err == nil && len(messages) == count
	})
}

func sendBatch(t *env) error {
	topic, err := t.topic(1)
	if err != nil {
		return err
	}
	p, err := t.producer()
	if err != nil {
		return err
	}
	var batch []*primitive.Message
	for i := 0; i < 40; i++ {
		m := primitive.NewMessage(topic, []byte("b"+strconv.Itoa(i)))
		m.WithTag("tag"+strconv.Itoa(i%3)).WithKeys([]string{"bk" + strconv.Itoa(i)}).WithProperty("n", strconv.Itoa(i))
		batch = append(batch, m)
	}
	r, err := p.SendSync(context.Background(), batch...)
	if err != nil {
		return err
	}
	if err := errors.Join(
		equal("status", primitive.SendOK, r.Status),
		equal("offset ids", 40, len(strings.Split(r.OffsetMsgID, ","))),
	); err != nil {
		return err
	}
	c, err := t.pullConsumer(topic)
	if err != nil {
		return err
	}
	messages, err := readAll(c, topic, 1)
	if err != nil {
		return err
	}
	if err := equal("stored", 40, len(messages)); err != nil {
		return err
	}
	for i, m := range messages {
		if err := errors.Join(
			equal("body", "b"+strconv.Itoa(i), string(m.Body)),
			equal("offset", int64(i), m.QueueOffset),
			equal("tag", "tag"+strconv.Itoa(i%3), m.GetTags()),
			equal("key", "bk"+strconv.Itoa(i), m.GetKeys()),
			equal("property", strconv.Itoa(i), m.GetProperty("n")),
		); err != nil {
			return err
		}
	}
	return nil
}

func autoCreateTopic(t *env) error {
	topic := t.id("auto")
	p, err := t.producer()
	if err != nil {
		return err
	}
	if err := sendMany(p, topic, 8, nil); err != nil {
		return err
	}
	return expectStored(t, topic, 4, 8)
}

func largeCompressedBody(t *env) error {
	topic, err := t.topic(1)
	if err != nil {
		return err
	}
	p, err := t.producer()
	if err != nil {
		return err
	}
	text := []byte(strings.Repeat("compressible ", 20000))
	if _, err = p.SendSync(context.Background(), primitive.NewMessage(topic, text)); err != nil {
		return err
	}
	c, err := t.pullConsumer(topic)
	if err != nil {
		return err
	}
	messages, err := readAll(c, topic, 1)
	if err != nil {
		return err
	}
	if err := equal("stored", 1, len(messages)); err != nil {
		return err
	}
	if string(messages[0].Body) != string(text) {
		return errors.New("body differs")
	}
	if messages[0].StoreSize > 50000 {
		return fmt.Errorf("stored uncompressed: %d", messages[0].StoreSize)
	}
	return nil
}

func pushConcurrent(t *env) error {
	topic, err := t.topic(4)
	if err != nil {
		return err
	}
	box := &inbox{}
	if err := t.push(topic, consumer.MessageSelector{}, box.receive); err != nil {
		return err
	}
	p, err := t.producer()
	if err != nil {
		return err
	}
	if err := sendMany(p, topic, 200, nil); err != nil {
		return err
	}
	if err := until(60*time.Second, "200 messages", func() bool { return box.distinct() == 200 }); err != nil {
		return fmt.Errorf("%w, have %d", err, box.distinct())
	}
	return equal("delivered exactly once", 200, len(box.all()))
}

func pushOrderly(t *env) error {
	topic, err := t.topic(3)
	if err != nil {
		return err
	}
	box := &inbox{}
	if err := t.push(topic, consumer.MessageSelector{}, box.receive, consumer.WithConsumerOrder(true)); err != nil {
		return err
	}
	p, err := t.producer(producer.WithQueueSelector(producer.NewHashQueueSelector()))
	if err != nil {
		return err
	}
	err = sendMany(p, topic, 150, func(i int, m *primitive.Message) { m.WithShardingKey("key" + strconv.Itoa(i%10)) })
	if err != nil {
		return err
	}
	if err := until(90*time.Second, "150 ordered messages", func() bool { return box.distinct() == 150 }); err != nil {
		return fmt.Errorf("%w, have %d", err, box.distinct())
	}
	last := map[int]int64{}
	for _, m := range box.all() {
		queue := m.Queue.QueueId
		if before, seen := last[queue]; seen && m.QueueOffset <= before {
			return fmt.Errorf("order of queue %d broken: %d after %d", queue, m.QueueOffset, before)
		}
		last[queue] = m.QueueOffset
	}
	return equal("delivered exactly once", 150, len(box.all()))
}

func tagFilter(t *env) error {
	topic, err := t.topic(2)
	if err != nil {
		return err
	}
	p, err := t.producer()
	if err != nil {
		return err
	}
	err = sendMany(p, topic, 30, func(i int, m *primitive.Message) { m.WithTag("ABC"[i%3 : i%3+1]) })
	if err != nil {
		return err
	}
	box := &inbox{}
	selector := consumer.MessageSelector{Type: consumer.TAG, Expression: "A || C"}
	if err := t.push(topic, selector, box.receive); err != nil {
		return err
	}
	if err := until(60*time.Second, "20 messages", func() bool { return box.distinct() >= 20 }); err != nil {
		return err
	}
	time.Sleep(500 * time.Millisecond)
	for _, m := range box.all() {
		if m.GetTags() == "B" {
			return errors.New("tag B delivered")
		}
	}
	return equal("count", 20, len(box.all()))
}

// tagHashCollision: "Aa" and "BB" have one Java hash, so the broker passes both and the client must drop one.
func tagHashCollision(t *env) error {
	topic, err := t.topic(1)
	if err != nil {
		return err
	}
	p, err := t.producer()
	if err != nil {
		return err
	}
	err = sendMany(p, topic, 6, func(i int, m *primitive.Message) { m.WithTag([]string{"Aa", "BB"}[i%2]) })
	if err != nil {
		return err
	}
	box := &inbox{}
	selector := consumer.MessageSelector{Type: consumer.TAG, Expression: "Aa"}
	if err := t.push(topic, selector, box.receive); err != nil {
		return err
	}
	if err := until(60*time.Second, "3 messages", func() bool { return box.distinct() >= 3 }); err != nil {
		return err
	}
	time.Sleep(300 * time.Millisecond)
	return equal("count", 3, len(box.all()))
}

func pullFrom(t *env) error {
	topic, err := t.topic(1)
	if err != nil {
		return err
	}
	p, err := t.producer()
	if err != nil {
		return err
	}
	if err := sendMany(p, topic, 70, nil); err != nil {
		return err
	}
	c, err := t.pullConsumer(topic)
	if err != nil {
		return err
	}
	queue := &primitive.MessageQueue{Topic: topic, BrokerName: brokerName, QueueId: 0}
	first, err := c.PullFrom(context.Background(), queue, 0, 32)
	if err != nil {
		return err
	}
	tail, err := c.PullFrom(context.Background(), queue, 64, 32)
	if err != nil {
		return err
	}
	if err := errors.Join(
		equal("status", primitive.PullFound, first.Status),
		equal("found", 32, len(first.GetMessageExts())),
		equal("next", int64(32), first.NextBeginOffset),
		equal("max", int64(70), first.MaxOffset),
		equal("min", int64(0), first.MinOffset),
		equal("tail", 6, len(tail.GetMessageExts())),
	); err != nil {
		return err
	}
	// A pull at the end is held by the broker and woken by the next message.
	go func() {
		time.Sleep(2 * time.Second)
		_ = sendMany(p, topic, 1, nil)
	}()
	held, err := c.PullFrom(context.Background(), queue, 70, 32)
	if err != nil {
		return err
	}
	return errors.Join(equal("held", primitive.PullFound, held.Status), equal("held next", int64(71), held.NextBeginOffset))
}

func poll(t *env) error {
	topic, err := t.topic(4)
	if err != nil {
		return err
	}
	p, err := t.producer()
	if err != nil {
		return err
	}
	if err := sendMany(p, topic, 40, nil); err != nil {
		return err
	}
	c, err := t.pullConsumer(topic, consumer.WithAutoCommit(true))
	if err != nil {
		return err
	}
	seen := map[string]bool{}
	for end := time.Now().Add(60 * time.Second); len(seen) < 40 && time.Now().Before(end); {
		request, err := c.Poll(context.Background(), 2*time.Second)
		if consumer.IsNoNewMsgError(err) {
			continue
		}
		if err != nil {
			return err
		}
		for _, m := range request.GetMsgList() {
			seen[string(m.Body)] = true
		}
		c.ACK(context.Background(), request, consumer.ConsumeSuccess)
	}
	return equal("polled", 40, len(seen))
}

func broadcast(t *env) error {
	topic, err := t.topic(4)
	if err != nil {
		return err
	}
	boxes := []*inbox{{}, {}}
	for _, box := range boxes {
		model := consumer.WithConsumerModel(consumer.BroadCasting)
		if err := t.push(topic, consumer.MessageSelector{}, box.receive, model); err != nil {
			return err
		}
	}
	p, err := t.producer()
	if err != nil {
		return err
	}
	if err := sendMany(p, topic, 20, nil); err != nil {
		return err
	}
	err = until(60*time.Second, "20 messages each", func() bool {
		return boxes[0].distinct() == 20 && boxes[1].distinct() == 20
	})
	if err != nil {
		return fmt.Errorf("%w, have %d and %d", err, boxes[0].distinct(), boxes[1].distinct())
	}
	return errors.Join(equal("first", 20, len(boxes[0].all())), equal("second", 20, len(boxes[1].all())))
}

// namespaced: a namespace is a prefix of topic and group; clients of another namespace see nothing of it.
func namespaced(t *env) error {
	const space = "SPACE"
	plain := t.id("t")
	for _, topic := range []string{plain, space + "%" + plain} {
		if err := createTopic(topic, 2); err != nil {
			return err
		}
	}
	inside, outside := &inbox{}, &inbox{}
	if err := t.push(plain, consumer.MessageSelector{}, inside.receive, consumer.WithNamespace(space)); err != nil {
		return err
	}
	if err := t.push(plain, consumer.MessageSelector{}, outside.receive); err != nil {
		return err
	}
	p, err := t.producer(producer.WithNamespace(space))
	if err != nil {
		return err
	}
	if err := sendMany(p, plain, 10, nil); err != nil {
		return err
	}
	if err := until(60*time.Second, "10 messages inside", func() bool { return inside.distinct() == 10 }); err != nil {
		return fmt.Errorf("%w, have %d", err, inside.distinct())
	}
	topics := []string{}
	for _, m := range inside.all() {
		topics = append(topics, m.Topic)
	}
	sort.Strings(topics)
	return errors.Join(
		equal("outside", 0, len(outside.all())),
		equal("stored topic", space+"%"+plain, topics[0]),
		expectStored(t, space+"%"+plain, 2, 10),
	)
}
