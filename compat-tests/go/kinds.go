package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/apache/rocketmq-client-go/v2"
	"github.com/apache/rocketmq-client-go/v2/admin"
	"github.com/apache/rocketmq-client-go/v2/consumer"
	"github.com/apache/rocketmq-client-go/v2/primitive"
	"github.com/apache/rocketmq-client-go/v2/producer"
)

// delayed: a message with a level comes after its time and not before, one without comes at once.
func delayed(t *env) error {
	topic, err := t.topic(1)
	if err != nil {
		return err
	}
	box, mutex, at := &inbox{}, sync.Mutex{}, map[string]time.Time{}
	note := func(ctx context.Context, messages ...*primitive.MessageExt) (consumer.ConsumeResult, error) {
		mutex.Lock()
		for _, m := range messages {
			at[string(m.Body)] = time.Now()
		}
		mutex.Unlock()
		return box.receive(ctx, messages...)
	}
	if err := t.push(topic, consumer.MessageSelector{}, note); err != nil {
		return err
	}
	p, err := t.producer()
	if err != nil {
		return err
	}
	sent := time.Now()
	if err := sendMany(p, topic, 3, func(i int, m *primitive.Message) { m.WithDelayTimeLevel(i) }); err != nil {
		return err
	}
	if err := until(40*time.Second, "3 messages", func() bool { return box.distinct() == 3 }); err != nil {
		return err
	}
	mutex.Lock()
	defer mutex.Unlock()
	for body, least := range map[string]time.Duration{"m1": time.Second, "m2": 5 * time.Second} {
		if took := at[body].Sub(sent); took < least || took > least+10*time.Second {
			return fmt.Errorf("%s came after %s", body, took)
		}
	}
	return equal("deliveries", 3, len(box.all()))
}

// retried: a message that fails comes again under the same topic, and after the last try stands in the dead letter queue.
func retried(t *env) error {
	topic, err := t.topic(1)
	if err != nil {
		return err
	}
	box := &inbox{}
	fail := func(ctx context.Context, messages ...*primitive.MessageExt) (consumer.ConsumeResult, error) {
		if c, ok := primitive.GetConcurrentlyCtx(ctx); ok {
			c.DelayLevelWhenNextConsume = 1
		}
		_, _ = box.receive(ctx, messages...)
		return consumer.ConsumeRetryLater, nil
	}
	if err := t.push(topic, consumer.MessageSelector{}, fail, consumer.WithMaxReconsumeTimes(2)); err != nil {
		return err
	}
	p, err := t.producer()
	if err != nil {
		return err
	}
	if err := sendMany(p, topic, 1, nil); err != nil {
		return err
	}
	if err := until(60*time.Second, "3 tries", func() bool { return len(box.all()) >= 3 }); err != nil {
		return fmt.Errorf("%w, have %d", err, len(box.all()))
	}
	dead := "%DLQ%" + t.id("g")
	if err := until(40*time.Second, "route of "+dead, func() bool { return knownTopic(dead) }); err != nil {
		return err
	}
	// Dead letter queues are made write only; an administrator opens them.
	if err := createTopic(dead, 1); err != nil {
		return err
	}
	reader, err := t.pullConsumer(dead)
	if err != nil {
		return err
	}
	var letters []*primitive.MessageExt
	err = until(30*time.Second, "the dead letter", func() bool {
		letters, err = readAll(reader, dead, 1)
		return err == nil && len(letters) > 0
	})
	if err != nil {
		return err
	}
	problems := []error{equal("tries", 3, len(box.all())), equal("dead letters", 1, len(letters))}
	for i, m := range box.all() {
		problems = append(problems, equal("times", int32(i), m.ReconsumeTimes), equal("topic", topic, m.Topic))
	}
	problems = append(problems, equal("body", "m0", string(letters[0].Body)))
	return errors.Join(append(problems, equal("RETRY_TOPIC", topic, letters[0].GetProperty("RETRY_TOPIC")))...)
}

// retriedInOrder: a consumer in order keeps a failed message and tries it again before those behind it.
func retriedInOrder(t *env) error {
	topic, err := t.topic(1)
	if err != nil {
		return err
	}
	box, fails := &inbox{}, 2
	listen := func(ctx context.Context, messages ...*primitive.MessageExt) (consumer.ConsumeResult, error) {
		_, _ = box.receive(ctx, messages...)
		if string(messages[0].Body) == "m1" && fails > 0 {
			fails--
			return consumer.SuspendCurrentQueueAMoment, nil
		}
		return consumer.ConsumeSuccess, nil
	}
	pause := consumer.WithSuspendCurrentQueueTimeMillis(200 * time.Millisecond)
	if err := t.push(topic, consumer.MessageSelector{}, listen, consumer.WithConsumerOrder(true), pause); err != nil {
		return err
	}
	p, err := t.producer()
	if err != nil {
		return err
	}
	if err := sendMany(p, topic, 3, nil); err != nil {
		return err
	}
	if err := until(60*time.Second, "5 deliveries", func() bool { return len(box.all()) >= 5 }); err != nil {
		return fmt.Errorf("%w, have %d", err, len(box.all()))
	}
	bodies := []string{}
	for _, m := range box.all() {
		bodies = append(bodies, string(m.Body))
	}
	return equal("sequence", "m0 m1 m1 m1 m2", strings.Join(bodies, " "))
}

// requestReply: a request is answered by whoever consumes it, through the broker.
func requestReply(t *env) error {
	topic, err := t.topic(1)
	if err != nil {
		return err
	}
	replier, err := t.producer(producer.WithGroupName(t.id("replier")))
	if err != nil {
		return err
	}
	answer := func(ctx context.Context, messages ...*primitive.MessageExt) (consumer.ConsumeResult, error) {
		for _, m := range messages {
			if m.GetProperty(primitive.PropertyCorrelationID) == "" {
				continue
			}
			reply, err := consumer.CreateReplyMessage(m, nil)
			if err != nil {
				return consumer.ConsumeRetryLater, err
			}
			// This client takes the body it is given for properties.
			reply.Body = []byte("re:" + string(m.Body))
			if _, err := replier.SendSync(ctx, reply); err != nil {
				return consumer.ConsumeRetryLater, err
			}
		}
		return consumer.ConsumeSuccess, nil
	}
	if err := t.push(topic, consumer.MessageSelector{}, answer); err != nil {
		return err
	}
	asker, err := t.producer()
	if err != nil {
		return err
	}
	// A client is known to the broker by its heartbeat, which it first sends when it has a route.
	if err := sendMany(asker, topic, 1, func(_ int, m *primitive.Message) { m.WithTag("warm") }); err != nil {
		return err
	}
	var reply *primitive.Message
	err = until(60*time.Second, "a reply", func() bool {
		reply, err = asker.Request(context.Background(), 5*time.Second, primitive.NewMessage(topic, []byte("ping")))
		return err == nil && reply != nil
	})
	if err != nil {
		return err
	}
	return equal("reply", "re:ping", string(reply.Body))
}

func knownTopic(topic string) bool {
	a, err := admin.NewAdmin(admin.WithResolver(primitive.NewPassthroughResolver([]string{namesrv})))
	if err != nil {
		return false
	}
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
}

// sqlFilter: a broker with enablePropertyFilter gives what the expression selects.
func sqlFilter(t *env) error {
	topic, err := t.topic(1)
	if err != nil {
		return err
	}
	box := &inbox{}
	selector := consumer.MessageSelector{Type: consumer.SQL92, Expression: "a between 4 and 7 and b = 'x'"}
	if err := t.push(topic, selector, box.receive); err != nil {
		return err
	}
	p, err := t.producer()
	if err != nil {
		return err
	}
	err = sendMany(p, topic, 12, func(i int, m *primitive.Message) {
		m.WithProperty("a", fmt.Sprint(i))
		m.WithProperty("b", []string{"x", "y"}[i%2])
	})
	if err != nil {
		return err
	}
	if err := until(60*time.Second, "2 messages", func() bool { return box.distinct() >= 2 }); err != nil {
		return fmt.Errorf("%w, have %d", err, box.distinct())
	}
	time.Sleep(500 * time.Millisecond)
	return equal("messages", 2, len(box.all()))
}

// decided is a producer's word on its transactions: at once, or when the broker asks.
type decided struct {
	atOnce, asked primitive.LocalTransactionState
}

func (d decided) ExecuteLocalTransaction(*primitive.Message) primitive.LocalTransactionState { return d.atOnce }

func (d decided) CheckLocalTransaction(*primitive.MessageExt) primitive.LocalTransactionState { return d.asked }

// transaction: a committed message comes, at once or when the broker has asked; one that was rolled back does not.
func transaction(t *env) error {
	topic, err := t.topic(1)
	if err != nil {
		return err
	}
	box := &inbox{}
	if err := t.push(topic, consumer.MessageSelector{}, box.receive); err != nil {
		return err
	}
	commit, rollback, unknown := primitive.CommitMessageState, primitive.RollbackMessageState, primitive.UnknowState
	words := map[string]decided{
		"committed":       {commit, unknown},
		"rolled-back":     {rollback, unknown},
		"asked-committed": {unknown, commit},
		"asked-rolled":    {unknown, rollback},
	}
	for name, word := range words {
		p, err := rocketmq.NewTransactionProducer(word,
			producer.WithNsResolver(primitive.NewPassthroughResolver([]string{namesrv})),
			producer.WithInstanceName(t.instance()), producer.WithGroupName(t.id("pg-"+name)))
		if err != nil {
			return err
		}
		if err := p.Start(); err != nil {
			return err
		}
		t.onClose(p.Shutdown)
		if _, err := p.SendMessageInTransaction(context.Background(), primitive.NewMessage(topic, []byte(name))); err != nil {
			return err
		}
	}
	if err := until(100*time.Second, "2 messages", func() bool { return box.distinct() == 2 }); err != nil {
		return fmt.Errorf("%w, have %d", err, box.distinct())
	}
	for _, m := range box.all() {
		if name := string(m.Body); words[name].atOnce == rollback || words[name].asked == rollback {
			return fmt.Errorf("%s was delivered", name)
		}
	}
	return nil
}
