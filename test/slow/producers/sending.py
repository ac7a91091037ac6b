"""How the Python client sends: with a queue in memory, and a clock that only notes how long it was asked to wait."""

import json
import pathlib
import sys
import threading
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[3] / "clients" / "python"))

from fetchonce_producer import InvalidJob, NotSent, Producer  # noqa: E402


def job_at(index):
    return {"url": f"https://host-{index % 3}.example/{index}", "work_id": "w"}


def path_of(entry):
    return json.loads(entry["MessageBody"])["url"].rsplit("/", 1)[1]


def taken(entries):
    return {"Successful": [{"Id": entry["Id"]} for entry in entries]}


def refusing(entries, code, sender_fault, path="4"):
    bad = [entry for entry in entries if path_of(entry) == path]
    failed = [{"Id": entry["Id"], "Code": code, "Message": "no", "SenderFault": sender_fault} for entry in bad]
    return {**taken([entry for entry in entries if entry not in bad]), "Failed": failed}


class Queue:
    """boto3's client, as far as the producer needs it."""

    def __init__(self, answer=lambda entries, request: taken(entries)):
        self.requests = []
        self._answer = answer
        self._lock = threading.Lock()

    def send_message_batch(self, *, QueueUrl, Entries):
        assert QueueUrl == "queue"
        with self._lock:
            self.requests.append(Entries)
            request = len(self.requests) - 1
        return self._answer(Entries, request)


class FromBoto3(Exception):
    def __init__(self, code, status):
        super().__init__("no")
        self.response = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}


class Sending(unittest.TestCase):
    def setUp(self):
        self.waits = []

    def producer(self, queue, **options):
        made = Producer(queue, "queue", sleep=self.waits.append, random=lambda: 0.5, **options)
        self.addCleanup(made._pool.shutdown)
        return made

    def test_ten_jobs_go_into_a_request_each_with_its_host_as_the_group(self):
        queue = Queue()
        with self.producer(queue, batches_in_flight=1) as producer:
            ids = [producer.send(job_at(index)) for index in range(23)]
        self.assertEqual([len(entries) for entries in queue.requests], [10, 10, 3])
        sent = [entry for entries in queue.requests for entry in entries]
        self.assertEqual([path_of(entry) for entry in sent], [str(index) for index in range(23)])
        self.assertEqual([entry["MessageGroupId"] for entry in sent], [f"host-{i % 3}.example" for i in range(23)])
        self.assertEqual(len(set(ids)), 23)

    def test_a_request_is_below_1_mib(self):
        queue = Queue()
        with self.producer(queue) as producer:
            for index in range(5):
                producer.send({**job_at(index), "mirrors": ["https://example.org/".ljust(8192, "漢")] * 8})
        self.assertEqual(sorted(len(entries) for entries in queue.requests), [1, 2, 2])

    def test_send_waits_when_so_many_requests_are_in_flight(self):
        gate = threading.Event()
        queue = Queue(lambda entries, request: gate.wait(10) and taken(entries))
        producer = self.producer(queue, batches_in_flight=2)
        accepted = []
        sending = threading.Thread(target=lambda: [accepted.append(producer.send(job_at(i))) for i in range(45)])
        sending.start()
        sending.join(0.3)
        self.assertTrue(sending.is_alive())
        self.assertEqual((len(accepted), len(queue.requests)), (29, 2))
        gate.set()
        sending.join(10)
        producer.flush()
        self.assertEqual((len(accepted), sum(map(len, queue.requests))), (45, 45))

    def test_what_is_refused_for_now_is_sent_again_alone_after_waits_that_double(self):
        queue = Queue(lambda entries, n: refusing(entries, "InternalError", False) if n < 3 else taken(entries))
        with self.producer(queue) as producer:
            for index in range(10):
                producer.send(job_at(index))
        self.assertEqual([len(entries) for entries in queue.requests], [10, 1, 1, 1])
        self.assertEqual([round(wait, 3) for wait in self.waits], [0.075, 0.15, 0.3])

    def test_what_is_refused_for_good_is_told_once(self):
        for code, sender_fault, requests in [
            ("InvalidMessageContents", True, 1),
            ("RequestThrottled", True, 4),
            ("InternalError", False, 4),
        ]:
            with self.subTest(code):
                queue = Queue(lambda entries, _: refusing(entries, code, sender_fault))
                producer = self.producer(queue, attempts=4)
                for index in range(10):
                    producer.send(job_at(index))
                with self.assertRaises(NotSent) as caught:
                    producer.flush()
                self.assertEqual([(each.job, each.code) for each in caught.exception.refused], [(job_at(4), code)])
                self.assertEqual(len(queue.requests), requests)
                producer.close()

    def test_a_refusal_is_told_by_the_next_send_which_takes_nothing(self):
        queue = Queue(lambda entries, _: refusing(entries, "InvalidMessageContents", True))
        producer = self.producer(queue)
        for index in range(10):
            producer.send(job_at(index))
        producer._settle()
        with self.assertRaises(NotSent):
            producer.send(job_at(10))
        producer.send(job_at(11))
        producer.close()
        self.assertEqual([path_of(entry) for entry in queue.requests[1]], ["11"])

    def test_on_refused_is_told_and_then_nobody_else(self):
        refused = []
        queue = Queue(lambda entries, _: refusing(entries, "InvalidMessageContents", True))
        with self.producer(queue, on_refused=refused.append) as producer:
            for index in range(10):
                producer.send(job_at(index))
        self.assertEqual([each.job for each in refused], [job_at(4)])

    def test_what_the_answer_does_not_name_is_sent_again(self):
        queue = Queue(lambda entries, request: taken(entries[1:] if request == 0 else entries))
        with self.producer(queue) as producer:
            for index in range(10):
                producer.send(job_at(index))
        self.assertEqual([len(entries) for entries in queue.requests], [10, 1])

    def test_requests_that_fail(self):
        class ParamValidationError(Exception):
            pass

        for error, code, requests in [
            (ConnectionError("no"), "ConnectionError", 3),
            (FromBoto3("ServiceUnavailable", 503), "ServiceUnavailable", 3),
            (FromBoto3("ThrottlingException", 400), "ThrottlingException", 3),
            (FromBoto3("AccessDenied", 403), "AccessDenied", 1),
            (ParamValidationError("no"), "ParamValidationError", 1),
        ]:
            with self.subTest(code):

                def fail(_entries, _request, raised=error):
                    raise raised

                queue = Queue(fail)
                ends = list(self.producer(queue, attempts=3).send_all(map(job_at, range(10))))
                self.assertEqual([end.index for end in ends], list(range(10)))
                self.assertEqual({end.error.refused[0].code for end in ends}, {code})
                self.assertEqual(len(queue.requests), requests)

    def test_send_all_tells_how_each_job_ended(self):
        queue = Queue(lambda entries, _: refusing(entries, "InvalidMessageContents", True))
        jobs = [*map(job_at, range(12)), {"url": "nowhere"}]
        ends = sorted(self.producer(queue).send_all(jobs), key=lambda end: end.index)
        self.assertEqual([end.job for end in ends], jobs)
        wrong = [(end.index, type(end.error)) for end in ends if end.error]
        self.assertEqual(wrong, [(4, NotSent), (12, InvalidJob)])
        self.assertEqual([end.index for end in ends if end.job_id is None], [12])

    def test_send_all_takes_no_more_jobs_than_it_tells_ends_of_but_for_those_in_flight(self):
        asked = []
        told = 0

        def counted():
            for index in range(500):
                asked.append(index)
                yield job_at(index)

        for _ in self.producer(Queue(), batches_in_flight=2).send_all(counted()):
            told += 1
            self.assertLessEqual(len(asked) - told, 40)
        self.assertEqual((told, len(asked)), (500, 500))

    def test_a_producer_that_is_left_by_an_error_keeps_that_error(self):
        with self.assertRaises(InvalidJob):
            with self.producer(Queue()) as producer:
                producer.send({"url": "nowhere"})

    def test_jobs_that_json_cannot_hold_and_halves_of_characters(self):
        for job, field in [
            ({"url": "https://a.example/", "metadata": {"a": float("nan")}}, "metadata"),
            ({"url": "https://a.example/", "metadata": {"a": object()}}, "metadata"),
            ({"url": "https://a.example/", "metadata": {1: 1}}, "metadata"),
            ({"url": "https://a.example/", "metadata": {"a": 2**53}}, "metadata"),
            ({"url": "https://a.example/", "work_id": "\ud83d"}, "work_id"),
            ({"url": "https://a.example/\ud83d"}, "url"),
            ("https://a.example/", ""),
        ]:
            with self.subTest(repr(job)), self.assertRaises(InvalidJob) as caught:
                self.producer(Queue()).send(job)
            self.assertEqual([name for name, _ in caught.exception.problems], [field])

    def test_absent_values_and_characters_in_halves_are_what_they_mean(self):
        producer = self.producer(Queue())
        whole = {"url": "https://a.example/", "work_id": "🙂", "artifact_id": "a"}
        halves = {**whole, "work_id": "\ud83d\ude42", "sha256": None}
        self.assertEqual(producer.send(whole), producer.send(halves))
        producer.close()


if __name__ == "__main__":
    unittest.main()
